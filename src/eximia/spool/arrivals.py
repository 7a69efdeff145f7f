"""The arrival log: new messages are kept safe in a log, and files of their own need not be durable for the `250`.

`ArrivalLog.commit` (for the port `together`) appends all messages that wait at the same time and synchronises once. A
message that is delivered at once has no files: when its first attempt completes it, a mark in the log is all. What is
not done after `LIMIT` seconds, or what an attempt leaves for later, is written into `-D` and `-H` files (`to_files`)
and has left the log. A message that is queued gets its files right after the `250` (`give_files`); they are
synchronised later, many together (`settle`). `recover` does what is left to do for the logs of processes that died.

A log is a set of segments, files `arrivals/<pid>-<n>` below the spool directory, each locked with flock() by its
writer. A segment is used again when nothing in it is unfinished; the records of one use have the same random number
(`epoch`), so that older ones behind them do not count.

A mark says "done", or "done if the machine has not stopped since": what a local delivery has renamed may reach the disk
later than the mark; `settle` waits for the file system's journal and then makes the mark final.

Not here: who waits for whom (the worker), the `-D` and `-H` files themselves (`durable`).
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from eximia.base.errors import SpoolError
from eximia.base.steps import Steps, Sync

from .durable import Arrival, commit, write_files
from .store import LockedMessage, Place, Spool, sync_folder

if TYPE_CHECKING:
    from .header_file import SpoolHeader

FOLDER: Final = "arrivals"
#: bytes of one segment
SEGMENT: Final = 16 << 20
#: at most this many segments a process; what does not fit is written into files
SEGMENTS: Final = 16
#: segments kept for later
SPARE: Final = 4
#: seconds after which an unfinished message is written into files
LIMIT: Final = 2.0
#: seconds for which a log that failed is not used
RETRY: Final = 10.0

_MAGIC: Final = b"EXAL"
#: magic, state, which run of the machine, epoch, CRC of all that follows, lengths of the texts for id, queue,
#: sub-folder, header and body
_RECORD: Final = struct.Struct("<4sB3xIQIHHHxxII")
_STATE_AT: Final = 4
_EPOCH: Final = struct.Struct("<Q")
_EPOCH_AT: Final = 12
_CRC: Final = struct.Struct("<I")
_CRC_AT: Final = 20
_LENGTHS_AT: Final = 24
_OPEN: Final = 0
_DONE: Final = 1
#: done, if this is still the same run of the machine
_DONE_NOW: Final = 2


class _Segment:
    """One file of the log. `entered` and `left` count messages; equal: nothing in it is unfinished."""

    __slots__ = ("entered", "epoch", "fd", "left", "path", "used")

    def __init__(self, path: str, fd: int) -> None:
        self.path = path
        self.fd = fd
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


class LoggedMessage(LockedMessage):
    """A message that is in the log only, until `to_files`. Nobody else can find it, so it is ours."""

    __slots__ = ("_arrival", "_log", "_offset", "_segment", "abandoned", "finished", "since")

    def __init__(self, log: ArrivalLog, arrival: Arrival, segment: _Segment, offset: int) -> None:
        super().__init__(log.spool, arrival.id, arrival.place, -1)
        self._log = log
        self._arrival = arrival
        self._segment = segment
        self._offset = offset
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
        filing = self._log.filing
        if self.finished or not filing.acquire(blocking=False):
            return False
        try:
            self.leave(final=final)
        finally:
            filing.release()
        return True

    def leave(self, *, final: bool = True) -> None:
        """Mark the record: the log need not keep the message. With `filing` held, or before anybody knows us."""
        self.finished = True
        self._log.leave(self, self._segment, self._offset, final=final)

    def to_files(self) -> None:
        with self._log.filing:
            if self.finished:
                return
            self._arrival.error = None
            (result,) = commit(self.spool, [self._arrival])
            if isinstance(result, OSError):
                raise result
            self.fd = result.fd
            self.leave()
            if self.abandoned:
                super().close()

    @property
    def in_log(self) -> bool:
        return not self.finished

    def write_files(self) -> None:
        """Give the message files that are not durable yet: the log keeps it until `settle` has synchronised them.
        Raises OSError."""
        with self._log.filing:
            if self.finished:
                return
            arrival = self._arrival
            write_files(self.spool, arrival)
            os.close(arrival.header_fd)
            self.fd = arrival.fd
            self.finished = True
            self._log.filed(self, self._segment, self._offset)

    def close(self) -> None:
        self.abandoned = True
        if self.finished:
            super().close()

    def read(self) -> SpoolHeader:
        self.to_files()
        return super().read()

    def write(self, header: SpoolHeader) -> None:
        self.to_files()
        super().write(header)

    def remove(self, *, keep_log: bool = False) -> None:
        with self._log.filing:
            if not self.finished:
                self.leave(final=False)
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
        #: held while another segment becomes the current one
        self._changing = threading.Lock()
        #: held while files are made of messages
        self.filing = threading.Lock()
        self._counting = threading.Lock()
        #: messages in the log, in the order in which they came
        self._open: dict[str, LoggedMessage] = {}
        #: marks were made in these since the last synchronisation
        self._marked: set[_Segment] = set()
        #: records whose marks are not final yet: segment, place
        self._settling: list[tuple[_Segment, int]] = []
        #: messages whose files are not durable yet
        self._unsynchronised: list[tuple[str, Place]] = []
        #: after a failure the log is not used for a while
        self._broken_until = 0.0

    def commit(self, batch: Sequence[Arrival]) -> Steps[list[LockedMessage | OSError]]:
        """Make every message of `batch` durable. When the log fails, or has no room, they get files instead."""
        records = [_record(arrival) for arrival in batch]
        logged: list[LoggedMessage] = []
        try:
            if self._broken_until < time.monotonic():
                size = sum(map(len, records))
                while self._current is None or self._current.used + size > SEGMENT:
                    if not (yield partial(self._next_segment, size)):
                        break
                else:
                    logged = self._append(self._current, batch, records)
                    (error,) = yield Sync([self._current.fd], data_only=True)
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
            _EPOCH.pack_into(record, _EPOCH_AT, epoch)
            logged.append(LoggedMessage(self, arrival, segment, at))
            at += len(record)
        view = memoryview(records[0] if len(records) == 1 else b"".join(records))
        while view:
            done = os.pwrite(segment.fd, view, start)
            view = view[done:]
            start += done
        segment.used = at
        segment.entered += len(logged)
        return logged

    def _next_segment(self, size: int) -> bool:
        """Go on in another segment, where `size` bytes find room; False when there are too many. Raises OSError."""
        if size > SEGMENT:
            return False
        with self._changing:
            old = self._current
            if old is not None and old.used + size <= SEGMENT:
                return True  # others who waited have done it
            with self._counting:
                new = self._spare.pop() if self._spare else None
            if new is None:
                new = self._make()
            if new is not None:
                new.begin()
            with self._counting:
                self._current = new
                if old is not None:
                    self._drop_if_free(old)
            return new is not None

    def _make(self) -> _Segment | None:
        if self._count >= SEGMENTS:
            return None
        self._numbers += 1
        path = f"{self._folder}/{os.getpid()}-{self._numbers}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            fd = os.open(path, flags, self.spool.file_mode)
        except FileNotFoundError:
            self.spool.make_folder(self._folder)
            fd = os.open(path, flags, self.spool.file_mode)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.posix_fallocate(fd, 0, SEGMENT)
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
        return _Segment(path, fd)

    def leave(self, message: LoggedMessage, segment: _Segment, offset: int, *, final: bool) -> None:
        """The message is done, or has files. `final` False: only if the machine does not stop before `settle`."""
        os.pwrite(segment.fd, bytes((_DONE if final else _DONE_NOW,)), offset + _STATE_AT)
        with self._counting:
            self._open.pop(message.id, None)
            if final:
                self._marked.add(segment)
                self._left(segment)
            else:
                self._settling.append((segment, offset))

    def filed(self, message: LoggedMessage, segment: _Segment, offset: int) -> None:
        """The message has files that are to be synchronised."""
        os.pwrite(segment.fd, bytes((_DONE_NOW,)), offset + _STATE_AT)
        with self._counting:
            self._open.pop(message.id, None)
            self._unsynchronised.append((message.id, message.place))
            self._settling.append((segment, offset))

    def _left(self, segment: _Segment) -> None:
        segment.left += 1
        if segment is not self._current:
            self._drop_if_free(segment)

    def _drop_if_free(self, segment: _Segment) -> None:
        """Keep a segment of which all is finished for later; one more than that is given back."""
        if segment.left < segment.entered:
            return
        if len(self._spare) < SPARE:
            self._spare.append(segment)
        else:
            self._count -= 1
            segment.discard()

    def overdue(self, now: float) -> list[LoggedMessage]:
        """Messages that should get files now (`file_all`): given up, or in the log for too long."""
        return [each for each in list(self._open.values()) if each.abandoned or each.since + LIMIT <= now]

    def give_files(self, batch: Sequence[tuple[LoggedMessage, Callable[[], None]]]) -> list[OSError | None]:
        """Write messages that stay into files, call the function that comes with each, and give up their locks. For
        the port `together`. What fails is tried again with what is `overdue`."""
        results: list[OSError | None] = []
        for message, also in batch:
            try:
                message.write_files()
            except OSError as error:
                results.append(error)
            else:
                results.append(None)
                also()
            message.close()
        return results

    def file_all(self, messages: Sequence[LoggedMessage]) -> None:
        """Write messages into files. Raises OSError for the first that fails; the others follow at the next time."""
        for message in messages:
            message.to_files()

    @property
    def unsettled(self) -> bool:
        """`settle` has something to do."""
        return bool(self._marked or self._settling)

    def settle(self) -> None:
        """Make durable what was done since the last time, then make the marks final, that a power cut does not bring
        finished messages back. Raises OSError; then the next time does it."""
        with self._counting:
            settling, self._settling = self._settling, []
            marked, self._marked = self._marked, set()
            files, self._unsynchronised = self._unsynchronised, []
        try:
            self._synchronise_files(files)
            for segment in marked:
                if segment.fd >= 0:
                    os.fdatasync(segment.fd)
            if settling:
                # A change of an inode, synchronised: the journal is then on the disk up to here.
                os.utime(settling[0][0].fd)
                os.fsync(settling[0][0].fd)
        except OSError:
            with self._counting:
                self._settling += settling
                self._unsynchronised += files
            raise
        for segment, offset in settling:
            os.pwrite(segment.fd, bytes((_DONE,)), offset + _STATE_AT)
        with self._counting:
            for segment, _ in settling:
                self._marked.add(segment)
                self._left(segment)

    def _synchronise_files(self, messages: Sequence[tuple[str, Place]]) -> None:
        """Those that are still there: a queue run may have been quicker. Raises OSError."""
        folders = set()
        for message_id, place in messages:
            folders.add(self.spool.folder(place))
            for suffix in ("-D", "-H"):
                try:
                    fd = os.open(self.spool.path(message_id, suffix, place), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
                except FileNotFoundError:
                    continue
                try:
                    os.fsync(fd)
                finally:
                    os.close(fd)
        for folder in folders:
            sync_folder(folder)

    def close(self) -> None:
        """The process ends: everything gets files, and the log goes. Raises OSError; then the log stays."""
        self.file_all(list(self._open.values()))
        self.settle()
        for segment in [*self._spare, *([self._current] if self._current is not None else [])]:
            segment.discard()
        self._spare = []
        self._current = None


@cache
def machine_run() -> int:
    """A number for the time since the machine was started."""
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            return zlib.crc32(file.read())
    except OSError:
        return 0


def _texts(arrival: Arrival) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    place = arrival.place
    return arrival.id.encode(), place.queue.encode("latin-1"), place.subdirectory.encode(), arrival.header, arrival.body


def _record(arrival: Arrival) -> bytearray:
    """The record of a message; the epoch is filled in when its place is known."""
    texts = _texts(arrival)
    record = bytearray(_RECORD.pack(_MAGIC, _OPEN, machine_run(), 0, 0, *map(len, texts)))
    record += b"".join(texts)
    _CRC.pack_into(record, _CRC_AT, zlib.crc32(memoryview(record)[_LENGTHS_AT:]))
    return record


def _records(data: memoryview) -> Iterator[tuple[bool, Arrival]]:
    """The records of one segment: whether each is done, and the message."""
    at = 0
    first_epoch = None
    while at + _RECORD.size <= len(data):
        magic, state, run, epoch, crc, *lengths = _RECORD.unpack_from(data, at)
        end = at + _RECORD.size + sum(lengths)
        if magic != _MAGIC or end > len(data) or (first_epoch is not None and epoch != first_epoch):
            return
        if zlib.crc32(data[at + _LENGTHS_AT : end]) != crc:
            return
        first_epoch = epoch
        texts = []
        place = at + _RECORD.size
        for length in lengths:
            texts.append(bytes(data[place : place + length]))
            place += length
        id_, queue, subdirectory, header, body = texts
        where = Place(queue.decode("latin-1"), subdirectory.decode())
        yield (
            state == _DONE or (state == _DONE_NOW and run == machine_run()),
            Arrival(id_.decode(), where, header, body),
        )
        at = end


def unfinished(spool: Spool) -> list[str]:
    """The ids of messages that are in any log now, also of processes at work."""
    folder = f"{spool.directory}/{FOLDER}"
    found: list[str] = []
    try:
        for name in os.listdir(folder):
            with open(f"{folder}/{name}", "rb") as file:
                found += [arrival.id for done, arrival in _records(memoryview(file.read())) if not done]
    except FileNotFoundError:
        pass
    return found


def recover(spool: Spool) -> list[str]:
    """Write what is unfinished in the logs of processes that died into files; the ids. Raises OSError.

    A log that another process works with, or that we may not read, is left alone.
    """
    folder = f"{spool.directory}/{FOLDER}"
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    found: list[str] = []
    for name in names:
        path = f"{folder}/{name}"
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            continue
        try:
            found += _recover_segment(spool, fd)
            os.unlink(path)
        finally:
            os.close(fd)
    return found


def _recover_segment(spool: Spool, fd: int) -> list[str]:
    size = os.fstat(fd).st_size
    if not size:
        return []
    with mmap.mmap(fd, size, access=mmap.ACCESS_READ) as memory, memoryview(memory) as data:
        left = [arrival for done, arrival in _records(data) if not done]
    missing = [arrival for arrival in left if not _has_files(spool, arrival)]
    for result in commit(spool, missing):
        if isinstance(result, OSError):
            raise result
        result.close()
    return [arrival.id for arrival in missing]


def _has_files(spool: Spool, arrival: Arrival) -> bool:
    """Whether the message got its files before the process died; unfinished ones are removed."""
    body = spool.path(arrival.id, "-D", arrival.place)
    try:
        spool.read(arrival.id, arrival.place)
        if os.stat(body).st_size == len(arrival.id) + len("-D\n") + len(arrival.body):
            return True
    except (SpoolError, FileNotFoundError):
        pass
    for path in (spool.path(arrival.id, "-H", arrival.place), body):
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
    return False
