"""What processes that died have left in their arrival logs gets files (`arrivals`)."""

from __future__ import annotations

import fcntl
import mmap
import os
from typing import TYPE_CHECKING, Final

from .arrival_records import records
from .filing import Filing
from .store import remove_file

if TYPE_CHECKING:
    from .store import Spool

#: where the logs are, below the spool directory
FOLDER: Final = "arrivals"


def unfinished(spool: Spool) -> list[str]:
    """The ids of messages that are in any log now, also of processes at work."""
    folder = f"{spool.directory}/{FOLDER}"
    found: list[str] = []
    try:
        for name in os.listdir(folder):
            with open(f"{folder}/{name}", "rb") as file:
                found += [each.arrival.id for each in records(memoryview(file.read())) if not each.done]
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
            # Its process may have given it back between our looking and our lock, another one recovered it.
            if os.fstat(fd).st_nlink:
                remove_file(path)
        finally:
            os.close(fd)
    return found


def _recover_segment(spool: Spool, fd: int) -> list[str]:
    size = os.fstat(fd).st_size
    if not size:
        return []
    filing = Filing(spool, fd)
    found: list[str] = []
    unsettled = False
    offset = 0
    with mmap.mmap(fd, size, access=mmap.ACCESS_READ) as memory, memoryview(memory) as data:
        try:
            for record in records(data):
                unsettled |= not record.settled
                if filing.see_to(offset, record):
                    found.append(record.arrival.id)
                offset += record.length
        finally:
            filing.settle()
    if filing.complaints:
        raise OSError(0, filing.complaints[0])
    if unsettled:
        flush_journal(fd)
    return found


def flush_journal(fd: int) -> None:
    """A change of an inode, synchronised: the file system's journal is then on the disk up to here. Raises OSError."""
    os.utime(fd)
    os.fsync(fd)
