"""The lock that says "this message is being worked on".

Exim locks the first line of the `-D` file with fcntl(). Open-file-description locks exclude those and each other, also
within one process, and are not lost when another descriptor of the file is closed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

#: the length of the first line of a -D file of a 16 character id; longer for the 23 character form
_EXTRA = len("-D\n")


def try_lock(fd: int, message_id: str) -> bool:
    """Lock the first line of the `-D` file open for writing as `fd`. False when somebody else has it."""
    try:
        _set(fd, message_id, fcntl.F_WRLCK)
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EAGAIN}:
            return False
        raise
    return True


def unlock(fd: int, message_id: str) -> None:
    """Give up the lock, and keep the file open."""
    _set(fd, message_id, fcntl.F_UNLCK)


def is_locked(path: str, message_id: str) -> bool:
    """Whether somebody has the lock of the `-D` file of that name. It takes none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        found = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _lock(message_id, fcntl.F_WRLCK))
    finally:
        os.close(fd)
    return bool(struct.unpack_from("h", found)[0] != fcntl.F_UNLCK)


def _set(fd: int, message_id: str, kind: int) -> None:
    fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _lock(message_id, kind))


def _lock(message_id: str, kind: int) -> bytes:
    return struct.pack("hhqqi4x", kind, 0, 0, len(message_id) + _EXTRA, 0)
