"""Make received messages durable: the one place that a `250` waits for.

`write_files` writes the `-D` and `-H` files of a message into the system's cache, which takes no waiting;
`commit_in_steps` ends when the files of all messages that wait at the same time would survive a power cut. It is for
the port `together`: `ports.together(process.spool.commit_in_steps, arrival)`; what was not written yet it writes.

Files are written under their final names and synchronised before anybody is told; there is no rename, because a rename
would need a second commit of the file system's journal. The lock on `-D` is taken before `-H` appears, so nobody works
on an unfinished message. After a power cut a message that was never acknowledged may be incomplete; `is_torn` tells.
Messages that are delivered at once come here only if they stay (`arrivals`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from eximia.base.steps import Steps, Sync, run_steps
from eximia.base.writing import write_all

from .locks import try_lock
from .store import LockedMessage, Place, Spool


class Arrival:
    """A message to be made durable.

    `header` is the text of its `-H` file. The body is `body` (bytes, written behind the name line), or is already in
    the `-D` file open as `fd` (see `open_data`).
    """

    __slots__ = ("body", "error", "fd", "header", "header_fd", "id", "place")

    def __init__(self, message_id: str, place: Place, header: bytes, body: bytes = b"", fd: int = -1) -> None:
        self.id = message_id
        self.place = place
        self.header = header
        self.body = body
        self.fd = fd
        #: the descriptor of `-H` between writing and commit
        self.header_fd = -1
        self.error: OSError | None = None


def open_data(spool: Spool, message_id: str, place: Place) -> int:
    """Make the `-D` file of a big message, to be written while it is received: the descriptor, after the name line,
    locked. Raises OSError."""
    fd = _create(spool, message_id, "-D", place)
    try:
        try_lock(fd, message_id)
        write_all(fd, f"{message_id}-D\n".encode())
    except BaseException:
        os.close(fd)
        os.unlink(spool.path(message_id, "-D", place))
        raise
    return fd


def discard_data(spool: Spool, message_id: str, place: Place, fd: int) -> None:
    """Forget a message that `open_data` began."""
    os.close(fd)
    try:
        os.unlink(spool.path(message_id, "-D", place))
    except FileNotFoundError:
        pass


def commit(spool: Spool, batch: Sequence[Arrival]) -> list[LockedMessage | OSError]:
    """Write and synchronise every message of `batch`; it waits.

    For each the message with its lock, or the error; then nothing of it is left on the disk.
    """
    return run_steps(commit_in_steps(spool, batch))


def commit_in_steps(spool: Spool, batch: Sequence[Arrival]) -> Steps[list[LockedMessage | OSError]]:
    """The same, in steps. What was not written yet is written in the first."""
    written: list[Arrival] = []
    for arrival in batch:
        try:
            if arrival.header_fd < 0:
                write_files(spool, arrival)
            written.append(arrival)
        except OSError as error:
            arrival.error = error
    # Start all writes before waiting for the first: they then share one transaction of the file system.
    if len(written) > 1:
        from .write_hint import begin_writing  # a command with its one message is spared the import

        for arrival in written:
            begin_writing(arrival.fd)
            begin_writing(arrival.header_fd)
    errors: list[OSError | None] = yield Sync([fd for arrival in written for fd in (arrival.fd, arrival.header_fd)])
    folders: dict[str, list[Arrival]] = {}
    for arrival, of_data, of_header in zip(written, errors[::2], errors[1::2], strict=True):
        failure = of_data or of_header
        if failure is not None:
            _undo(spool, arrival, failure)
        else:
            folders.setdefault(spool.folder(arrival.place), []).append(arrival)
    for folder, arrivals in folders.items():
        failure = yield from _folder_in_steps(folder)
        if failure is not None:
            for arrival in arrivals:
                _undo(spool, arrival, failure)
    results: list[LockedMessage | OSError] = []
    for arrival in batch:
        if arrival.error is not None:
            results.append(arrival.error)
            continue
        os.close(arrival.header_fd)
        results.append(LockedMessage(spool, arrival.id, arrival.place, arrival.fd))
    return results


def _folder_in_steps(path: str) -> Steps[OSError | None]:
    """Make the names in a folder durable; the error."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        return error
    try:
        errors: list[OSError | None] = yield Sync([fd])
        return errors[0]
    finally:
        os.close(fd)


def write_files(spool: Spool, arrival: Arrival) -> None:
    """Write the files of one message, not yet durably. Raises OSError; then nothing of it is left."""
    try:
        _write_data(spool, arrival)
        arrival.header_fd = _create(spool, arrival.id, "-H", arrival.place)
        write_all(arrival.header_fd, arrival.header)
    except OSError as error:
        _undo(spool, arrival, error)
        raise


def write_data_durably(spool: Spool, arrival: Arrival) -> None:
    """Write the `-D` file and wait until it would survive a power cut; `write_files` does the rest. It is for bodies
    of which the header does not tell how long they are (`is_torn`). Raises OSError; then nothing is left."""
    try:
        _write_data(spool, arrival)
        os.fdatasync(arrival.fd)
    except OSError as error:
        _undo(spool, arrival, error)
        raise


def _write_data(spool: Spool, arrival: Arrival) -> None:
    if arrival.fd < 0:
        arrival.fd = _create(spool, arrival.id, "-D", arrival.place)
        try_lock(arrival.fd, arrival.id)
        write_all(arrival.fd, b"%b-D\n%b" % (arrival.id.encode(), arrival.body))


def _create(spool: Spool, message_id: str, suffix: str, place: Place) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    path = spool.path(message_id, suffix, place)
    try:
        fd = os.open(path, flags, spool.file_mode)
    except FileNotFoundError:
        spool.make_folder(spool.folder(place))
        fd = os.open(path, flags, spool.file_mode)
    spool.own(fd)
    return fd


def _undo(spool: Spool, arrival: Arrival, error: OSError) -> None:
    """Leave nothing of a message that could not be written; `-H` goes first, that it never counts as a message."""
    arrival.error = error
    for suffix in ("-H", "-D"):
        try:
            os.unlink(spool.path(arrival.id, suffix, arrival.place))
        except OSError:
            pass
    for fd in (arrival.fd, arrival.header_fd):
        if fd >= 0:
            os.close(fd)
    arrival.fd = arrival.header_fd = -1


def boot_time() -> float:
    """When the machine started, seconds since 1970."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def is_torn(locked: LockedMessage, body_linecount: int, received: float, booted: float) -> bool:
    """True when a power cut interrupted the writing of this message: it came before the machine started, nobody has
    touched its body since, and the body has fewer lines than were received. It was never acknowledged."""
    if received >= booted or body_linecount < 0:
        return False
    status = os.fstat(locked.fd)
    if status.st_mtime >= booted:
        return False
    lines = 0
    offset = locked.body_offset
    while chunk := os.pread(locked.fd, 1 << 18, offset):
        lines += chunk.count(b"\n")
        offset += len(chunk)
    return lines < body_linecount
