"""Files for messages of the arrival log that wait for a queue run: the job `spool_files`.

It runs in a process beside the worker (`privileged.agent`): making files is the kernel's work for the most part, and a
thread for it would interrupt the sessions a dozen times a message. The worker tells the segment (its descriptor, whose
lock also keeps the log from being taken for that of a dead process) and which records.

For each message: `-D`, locked; `-H`; the message log; a mark in the record; then the lock is given up, and queue runs
may have the message. When all are written they are synchronised, and the marks become final.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final

from eximia.base.errors import SpoolError

from .arrival_records import DONE, DONE_NOW, Record, mark, read_at
from .durable import Arrival, write_files
from .locks import unlock
from .message_log import MessageLog
from .store import MSGLOG, Spool, sync_folder
from .write_hint import begin_writing

#: messages whose files, which stay open, wait for the disk together, and the bytes of their records
_MOST: Final = 100
_MOST_BYTES: Final = 8 << 20


def run(fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    """`directory`, `file_mode`, `directory_mode`: the spool. `records`: lists of offset, length and the text of the
    message log ("" for none). Returns `errors`, a text for each record ("": it has files), and `complaints` for the
    panic log. It may be asked twice for the same, when nobody knows how far a process came that died.
    """
    spool = Spool(fields["directory"], file_mode=fields["file_mode"], directory_mode=fields["directory_mode"])
    filing = Filing(spool, fds[0])
    errors: list[str] = []
    for offset, length, text in fields["records"]:
        try:
            record = read_at(filing.segment, offset, length)
            if record is None:
                raise OSError(f"no record at {offset}")
            filing.see_to(offset, record, text)
        except OSError as error:
            errors.append(error.strerror or str(error))
        else:
            errors.append("")
    filing.settle()
    return {"errors": errors, "complaints": filing.complaints}


class Filing:
    """Makes files for records of one segment, open as `segment`; `settle` makes them durable."""

    def __init__(self, spool: Spool, segment: int) -> None:
        self.spool = spool
        self.segment = segment
        #: what the administrator should know
        self.complaints: list[str] = []
        #: files that are not durable yet: where the record is, and the message
        self._written: list[tuple[int, Arrival]] = []
        self._bytes = 0

    def see_to(self, offset: int, record: Record, log: str = "") -> bool:
        """Give a message that is not done files, and a message log with that text; True when it had none. Raises
        OSError, then it has none."""
        if not record.done and not _has_files(self.spool, record.arrival):
            self._make(offset, record, log)
            return True
        if not record.settled and _reopen(self.spool, record.arrival):
            if not record.done:
                mark(self.segment, offset, DONE_NOW)
            self._add(offset, record)
        return False

    def _make(self, offset: int, record: Record, log: str) -> None:
        arrival = record.arrival
        write_files(self.spool, arrival)
        if log:
            messages = MessageLog(self.spool.path(arrival.id, "", arrival.place, MSGLOG), self)
            messages.append([log])
            messages.close()
        mark(self.segment, offset, DONE_NOW)
        unlock(arrival.fd, arrival.id)
        self._add(offset, record)

    def _add(self, offset: int, record: Record) -> None:
        record.arrival.body = b""  # it has been written
        self._written.append((offset, record.arrival))
        self._bytes += record.length
        if len(self._written) >= _MOST or self._bytes >= _MOST_BYTES:
            self.settle()

    def settle(self) -> None:
        """Make new files durable, and the marks of those that are so final."""
        written, self._written, self._bytes = self._written, [], 0
        if len(written) > 1:
            for _, arrival in written:
                begin_writing(arrival.fd)
                begin_writing(arrival.header_fd)
        folders: dict[str, list[int]] = {}
        for offset, arrival in written:
            try:
                os.fsync(arrival.fd)
                os.fsync(arrival.header_fd)
                folders.setdefault(self.spool.folder(arrival.place), []).append(offset)
            except OSError as error:
                self.panic(f"cannot synchronise spool files of {arrival.id}: {error.strerror}")
            os.close(arrival.fd)
            os.close(arrival.header_fd)
        for folder, offsets in folders.items():
            try:
                sync_folder(folder)
                _mark_all(self.segment, offsets)
            except OSError as error:
                self.panic(f"cannot synchronise {folder}: {error.strerror}")

    # What a message log asks for

    def stamp(self) -> str:
        """The lines have their time."""
        return ""

    def panic(self, text: str) -> None:
        self.complaints.append(text)


def _mark_all(segment: int, offsets: Iterable[int]) -> None:
    for offset in offsets:
        mark(segment, offset, DONE)


def _has_files(spool: Spool, arrival: Arrival) -> bool:
    """Whether the message has got its files; unfinished ones are removed."""
    body = spool.path(arrival.id, "-D", arrival.place)
    try:
        if os.stat(body).st_size == len(arrival.id) + len("-D\n") + len(arrival.body):
            spool.read(arrival.id, arrival.place)
            return True
    except (SpoolError, FileNotFoundError):
        pass
    for path in (spool.path(arrival.id, "-H", arrival.place), body):
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
    return False


def _reopen(spool: Spool, arrival: Arrival) -> bool:
    """Open the files of a message again, to synchronise them; False when they are gone: the message is done."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        arrival.fd = os.open(spool.path(arrival.id, "-D", arrival.place), flags)
        try:
            arrival.header_fd = os.open(spool.path(arrival.id, "-H", arrival.place), flags)
        except BaseException:
            os.close(arrival.fd)
            raise
    except FileNotFoundError:
        return False
    return True
