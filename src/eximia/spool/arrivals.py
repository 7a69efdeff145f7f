"""The arrival log: new messages are kept safe in a log, and files of their own need not be durable for the `250`.

`ArrivalLog.commit` (for the port `together`) appends all messages that wait at the same time and synchronises once. A
message that is delivered at once has no files: when its first attempt completes it, a mark in the log is all. What is
not done after `LIMIT` seconds, or what an attempt leaves for later, is written into `-D` and `-H` files (`to_files`)
and has left the log. A message that is queued waits (`queue`) until it gets files in company (`filing`).

Overwriting blocks that have been written before is the only change of a file that needs no change of the file system's
own records, so it is synchronised most quickly. A segment for which nobody waits is written with zeros when it is made
(`prepare`); one that somebody waits for is not, and is given up when there is another.

A log is a set of segments, files `arrivals/<pid>-<n>` below the spool directory, each locked with flock() by its
writer. A segment is used again when nothing in it is unfinished; the records of one use have the same random number
(`epoch`), so that older ones behind them do not count.

A mark says "done", or "done if the machine has not stopped since": what a local delivery has renamed may reach the disk
later than the mark; `settle` waits for the file system's journal and then makes the mark final.

Not here: the records' bytes (`arrival_records`), the logs of dead processes (`recovery`), who waits for whom (the
worker), the `-D` and `-H` files themselves (`durable`).
"""

from __future__ import annotations

import fcntl
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from eximia.base.namedtuple import NamedTuple
from eximia.base.steps import Steps, Sync

from . import filing
from .arrival_records import DONE, DONE_NOW, mark, pack, set_epoch
from .durable import Arrival, commit
from .header_file import write_header
from .recovery import FOLDER, flush_journal
from .store import LockedMessage, Spool, remove_file

if TYPE_CHECKING:
    from .header_file import SpoolHeader

#: bytes of one segment
SEGMENT: Final = 8 << 20
_PIECE: Final = 1 << 20
#: at most this many segments a process; what does not fit is written into files
SEGMENTS: Final = 32
#: segments kept for later
SPARE: Final = 8
#: seconds after which an unfinished message is written into files
LIMIT: Final = 2.0
#: messages that get files at one time because they are in the log for too long
MOST_LATE: Final = 100
#: seconds for which a log that failed is not used, and messages whose files could not be written wait
RETRY: Final = 10.0
#: seconds without a new message after which a segment is made for later
PAUSE: Final = 0.1


class _Segment:
    """One file of the log. `entered` and `left` count messages; equal: nothing in it is unfinished."""

    __slots__ = ("entered", "epoch", "fd", "left", "path", "raw", "used")

    def __init__(self, path: str, fd: int, *, raw: bool) -> None:
        self.path = path
        self.fd = fd
        #: its blocks have not been written before
        self.raw = raw
        self.used = 0
        self.entered = 0
        self.left = 0
        self.epoch = 0

    def begin(self) -> None:
        """Start at the beginning with a new epoch."""
        self.used = self.entered = self.left = 0
        self.epoch = int.from_bytes(os.urandom(8), "little")

    def discard(self) -> None:
        fd, self.fd = self.fd, -1
        os.unlink(self.path)
        os.close(fd)


class Waiting(NamedTuple):
    """A queued message that has no files yet: its record, and the text of its message log."""

    segment: _Segment
    offset: int
    length: int
    id: str
    log: str
    since: float


class LoggedMessage(LockedMessage):
    """A message that is in the log only, until `to_files`. Nobody else can find it, so it is ours."""

    __slots__ = ("_arrival", "_length", "_log", "_offset", "_segment", "abandoned", "changing", "finished", "since")

    def __init__(self, log: ArrivalLog, arrival: Arrival, segment: _Segment, offset: int, length: int) -> None:
        super().__init__(log.spool, arrival.id, arrival.place, -1)
        self._log = log
        self._arrival = arrival
        self._segment = segment
        self._offset = offset
        self._length = length
        #: held while it leaves the log
        self.changing = threading.Lock()
        self.since = time.monotonic()
        #: it has left the log: it is done, or has files
        self.finished = False
        #: given up by its delivery before it had files
        self.abandoned = False

    @property
    def descriptor(self) -> int:
        """Of the segment that the record is in."""
        return self._segment.fd

    def dismiss(self, *, final: bool) -> bool:
        if not self.changing.acquire(blocking=False):
            return False
        try:
            if self.finished:
                return False
            self.leave(final=final)
        finally:
            self.changing.release()
        return True

    def leave(self, *, final: bool = True) -> None:
        """Mark the record: the log need not keep the message. With `changing` held, or before anybody knows us."""
        self.finished = True
        self._log.leave(self, self._segment, self._offset, final=final)

    def to_files(self) -> None:
        with self.changing:
            if not self.finished:
                (result,) = commit(self.spool, [self.arrival()])
                self.has_files(result)

    def arrival(self) -> Arrival:
        """What is to be written into files."""
        self._arrival.error = None
        return self._arrival

    def has_files(self, result: LockedMessage | OSError) -> None:
        """What became of writing them, with `changing` held. Raises the OSError."""
        if isinstance(result, OSError):
            raise result
        self.fd = result.fd
        self.leave()
        if self.abandoned:
            super().close()

    def queue(self, log: str) -> bool:
        if not self.changing.acquire(blocking=False):
            return False  # it is getting its files now, because it was in the log for too long
        try:
            if self.finished:
                return False
            self.abandoned = self.finished = True
        finally:
            self.changing.release()
        self._log.queue(Waiting(self._segment, self._offset, self._length, self.id, log, time.monotonic()))
        return True

    def close(self) -> None:
        self.abandoned = True
        if self.finished:
            super().close()

    def read(self) -> SpoolHeader:
        self.to_files()
        return super().read()

    def remember(self, header: SpoolHeader) -> bool:
        with self.changing:
            if not self.finished:
                self._arrival.header = write_header(header).encode("latin-1")
            return not self.finished

    def write(self, header: SpoolHeader) -> None:
        with self.changing:
            if not self.finished:
                # Should it fail now, whoever tries again writes this.
                self._arrival.header = write_header(header).encode("latin-1")
                (result,) = commit(self.spool, [self.arrival()])
                self.has_files(result)
                return
        super().write(header)

    def remove(self, *, keep_log: bool = False) -> None:
        with self.changing:
            if not self.finished:
                self.leave(final=False)
                if not keep_log:
                    remove_file(self.log_path)
                return
        super().remove(keep_log=keep_log)


class ArrivalLog:
    """The log of this process. `file_all`, `settle` and `close` wait; `overdue` and a message's `dismiss` do not;
    `commit` works in steps."""

    def __init__(self, spool: Spool, complain: Callable[[str], None]) -> None:
        """`complain` gets the text of what goes wrong with the log itself; called in threads too."""
        self.spool = spool
        self._complain = complain
        self._folder = f"{spool.directory}/{FOLDER}"
        self._current: _Segment | None = None
        self._spare: list[_Segment] = []
        self._count = 0
        self._numbers = 0
        #: batches that are being made durable
        self._committing = 0
        #: held while another segment becomes the current one
        self._changing = threading.Lock()
        self._counting = threading.Lock()
        #: messages in the log, in the order in which they came
        self._open: dict[str, LoggedMessage] = {}
        #: marks were made in these since the last synchronisation
        self._marked: set[_Segment] = set()
        #: records whose marks are not final yet: segment, place
        self._settling: list[tuple[_Segment, int]] = []
        #: queued messages without files
        self._waiting: deque[Waiting] = deque()
        #: those whose files could not be written, until when they wait
        self._failed: list[Waiting] = []
        self._failed_until = 0.0
        #: called when messages begin to wait
        self.on_waiting: Callable[[], object] = int
        self._last_commit = -math.inf
        #: after a failure the log is not used for a while
        self._broken_until = 0.0

    def commit(self, batch: Sequence[Arrival]) -> Steps[list[LockedMessage | OSError]]:
        """Make every message of `batch` durable. When the log fails, or has no room, they get files instead."""
        self._committing += 1
        try:
            return (yield from self._commit(batch))
        finally:
            self._committing -= 1
            self._last_commit = time.monotonic()

    def _commit(self, batch: Sequence[Arrival]) -> Steps[list[LockedMessage | OSError]]:
        records = [pack(arrival) for arrival in batch]
        logged: list[LoggedMessage] = []
        try:
            if self._broken_until < time.monotonic():
                size = sum(map(len, records))
                while self._wants_segment(size):
                    if not (yield partial(self._next_segment, size)):
                        break
                else:
                    segment = self._current
                    assert segment is not None
                    logged = self._append(segment, batch, records)
                    (error,) = yield Sync([segment.fd], data_only=True)
                    if error is not None:
                        raise error
        except OSError as error:
            self._broken_until = time.monotonic() + RETRY
            self._complain(f"arrival log: {error.strerror}; messages are written into files")
            for message in logged:
                message.leave()
            logged = []
        if not logged:
            return (yield from self.spool.commit_in_steps(batch))
        self._open.update([(message.id, message) for message in logged])
        return list(logged)

    def _append(self, segment: _Segment, batch: Sequence[Arrival], records: list[bytearray]) -> list[LoggedMessage]:
        """Write records, which find room. Raises OSError, then none of them counts."""
        start = at = segment.used
        epoch = segment.epoch
        logged = []
        for arrival, record in zip(batch, records, strict=True):
            set_epoch(record, epoch)
            logged.append(LoggedMessage(self, arrival, segment, at, len(record)))
            at += len(record)
        view = memoryview(records[0] if len(records) == 1 else b"".join(records))
        while view:
            done = os.pwrite(segment.fd, view, start)
            view = view[done:]
            start += done
        segment.used = at
        segment.entered += len(logged)
        return logged

    def _wants_segment(self, size: int) -> bool:
        """Whether to go on in another segment before `size` bytes are written."""
        current = self._current
        return current is None or current.used + size > SEGMENT or (current.raw and bool(self._spare))

    def _next_segment(self, size: int) -> bool:
        """Go on in another segment, where `size` bytes find room; False when there are too many. Raises OSError."""
        if size > SEGMENT:
            return False
        with self._changing:
            old = self._current
            if not self._wants_segment(size):
                return True  # others who waited have done it
            with self._counting:
                self._current = None
                if old is not None:
                    self._drop_if_free(old)
                new = self._spare.pop() if self._spare else None
            if new is None:
                new = self._make(raw=True)
            if new is not None:
                new.begin()
            self._current = new
            return new is not None

    def wants_spare(self, now: float) -> bool:
        """Another segment will be needed soon, or would be better, and there is time for making it: call `prepare`."""
        current = self._current
        if current is None or self._spare or self._count >= SEGMENTS:
            return False
        return current.used > SEGMENT // 2 or (current.raw and self._last_commit + PAUSE < now)

    def prepare(self) -> None:
        """Make a segment before it is needed. Raises OSError."""
        segment = self._make(raw=False)
        if segment is not None:
            with self._counting:
                self._spare.append(segment)

    def _make(self, *, raw: bool) -> _Segment | None:
        with self._counting:
            if self._count >= SEGMENTS:
                return None
        path, fd = self._new_file()
        try:
            os.posix_fallocate(fd, 0, SEGMENT)
            if not raw:
                zeros = bytes(_PIECE)
                for at in range(0, SEGMENT, _PIECE):
                    os.pwrite(fd, zeros[: SEGMENT - at], at)
            os.fsync(fd)
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except BaseException:
            os.unlink(path)
            os.close(fd)
            raise
        with self._counting:
            self._count += 1
        return _Segment(path, fd, raw=raw)

    def _new_file(self) -> tuple[str, int]:
        """The name of a new file, and the file open and locked."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        while True:
            with self._counting:
                self._numbers += 1
                path = f"{self._folder}/{os.getpid()}-{self._numbers}"
            try:
                try:
                    fd = os.open(path, flags, self.spool.file_mode)
                except FileNotFoundError:
                    self.spool.make_folder(self._folder)
                    fd = os.open(path, flags, self.spool.file_mode)
            except FileExistsError:
                continue  # of an earlier process with our number, which could not be recovered yet
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(fd).st_nlink:
                    return path, fd
            except BlockingIOError:
                pass
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)  # before we had the lock somebody took the file for that of a dead process, and removes it

    def leave(self, message: LoggedMessage, segment: _Segment, offset: int, *, final: bool) -> None:
        """The message is done, or has files. `final` False: only if the machine does not stop before `settle`."""
        mark(segment.fd, offset, DONE if final else DONE_NOW)
        with self._counting:
            self._open.pop(message.id, None)
            if final:
                self._marked.add(segment)
                self._left(segment)
            else:
                self._settling.append((segment, offset))

    def _left(self, segment: _Segment) -> None:
        segment.left += 1
        if segment is not self._current:
            self._drop_if_free(segment)

    def _drop_if_free(self, segment: _Segment) -> None:
        """Keep a segment of which all is finished for later; one more than that is given back."""
        if segment.left < segment.entered:
            return
        if segment.used > SEGMENT * 7 // 8:
            segment.raw = False
        if len(self._spare) < SPARE and not segment.raw:
            self._spare.append(segment)
        else:
            self._count -= 1
            segment.discard()

    def overdue(self, now: float) -> list[LoggedMessage]:
        """Messages that should get files now (`file_all`): given up, or in the log for too long; not more than can be
        written without holding up the others."""
        late = (each for each in list(self._open.values()) if each.abandoned or each.since + LIMIT <= now)
        return list(islice(late, MOST_LATE))

    # Queued messages

    def queue(self, waiting: Waiting) -> None:
        """Somebody will ask for its files (`next_job`)."""
        with self._counting:
            self._open.pop(waiting.id, None)
            first = not self._waiting
            self._waiting.append(waiting)
        if first:
            self.on_waiting()

    @property
    def last_arrival(self) -> float:
        """When the last message came; infinite while one is coming."""
        return math.inf if self._committing else self._last_commit

    @property
    def waiting(self) -> int:
        """Messages that wait for files."""
        return len(self._waiting)

    @property
    def waiting_since(self) -> float:
        """When the first of them began to wait; they are there."""
        return self._waiting[0].since

    def next_job(self, most: int) -> tuple[list[Waiting], dict[str, Any], list[int]]:
        """At most so many of those that wait, with the fields and descriptors of the job `spool_files` for them."""
        with self._counting:
            batch = [self._waiting.popleft()]
            segment = batch[0].segment
            while self._waiting and len(batch) < most and self._waiting[0].segment is segment:
                batch.append(self._waiting.popleft())
        fields = {
            "directory": self.spool.directory,
            "file_mode": self.spool.file_mode,
            "directory_mode": self.spool.directory_mode,
            "records": [(each.offset, each.length, each.log) for each in batch],
        }
        return batch, fields, [segment.fd]

    def filed(self, batch: Sequence[Waiting], answer: dict[str, Any]) -> None:
        """What became of a job."""
        for text in answer["complaints"]:
            self._complain(text)
        for each, error in zip(batch, answer["errors"], strict=True):
            if error:
                self._complain(f"cannot write spool files of {each.id}: {error}; the arrival log keeps the message")
                self.not_filed([each])
            else:
                with self._counting:
                    self._marked.add(each.segment)
                    self._left(each.segment)

    def not_filed(self, batch: Sequence[Waiting]) -> None:
        """These are tried again later (`retry`); some may have files."""
        with self._counting:
            self._failed += batch
            self._failed_until = time.monotonic() + RETRY

    def retry(self, now: float) -> None:
        """Messages whose files could not be written wait again when their time has come."""
        with self._counting:
            if self._failed and now >= self._failed_until:
                self._waiting += self._failed
                self._failed = []
        if self._waiting:
            self.on_waiting()

    def file_all(self, messages: Sequence[LoggedMessage]) -> None:
        """Write messages into files, in company. Raises OSError for the first that fails; those follow at the next
        time."""
        held = [each for each in messages if each.changing.acquire(blocking=False)]
        try:
            left = [each for each in held if not each.finished]
            failure: OSError | None = None
            for message, result in zip(left, commit(self.spool, [each.arrival() for each in left]), strict=True):
                try:
                    message.has_files(result)
                except OSError as error:
                    failure = failure or error
            if failure is not None:
                raise failure
        finally:
            for message in held:
                message.changing.release()

    @property
    def unsettled(self) -> bool:
        """`settle` has something to do."""
        return bool(self._marked or self._settling)

    def settle(self) -> None:
        """Make durable what was done since the last time, then make the marks final, that a power cut does not bring
        finished messages back. Raises OSError; then the next time does it."""
        with self._counting:
            settling, self._settling = self._settling, []
            # Other descriptors: a segment may be given back, and closed, while we wait for the disk.
            marked = [os.dup(segment.fd) for segment in self._marked if segment.fd >= 0]
            self._marked = set()
        try:
            try:
                for fd in marked:
                    os.fdatasync(fd)
            finally:
                for fd in marked:
                    os.close(fd)
            if settling:
                flush_journal(settling[0][0].fd)
        except OSError:
            with self._counting:
                self._settling += settling
            raise
        for segment, offset in settling:
            mark(segment.fd, offset, DONE)
        with self._counting:
            for segment, _ in settling:
                self._marked.add(segment)
                self._left(segment)

    def close(self) -> None:
        """The process ends: everything gets files, and the log goes. Raises OSError; then the log stays. What
        another process is still making files for stays too."""
        while self._open:
            self.file_all(self.overdue(math.inf))
        self._waiting += self._failed
        self._failed = []
        while self._waiting:
            batch, fields, fds = self.next_job(len(self._waiting))
            self.filed(batch, filing.run(fields, fds))
        if self._failed:
            raise OSError(0, "messages without files are left")
        self.settle()
        for segment in [*self._spare, *([self._current] if self._current is not None else [])]:
            if segment.left >= segment.entered:
                segment.discard()
        self._spare = []
        self._current = None
