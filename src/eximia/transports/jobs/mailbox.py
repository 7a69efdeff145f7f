"""Appending a message to a mailbox file (manual 26.3): checks, locks, writing, and undoing what failed.

`run` is the job `appendfile`. The fields are those that the driver makes; see `drivers.appendfile`.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import TYPE_CHECKING, Any

from eximia.base.writing import write_all
from eximia.context.delivery import Errno

from . import mbx
from .filter import FilterFailure, FilterTimeout
from .locking import Patience, lock_open_file, release_mbx_lock, rounds, take_lock_file, take_mbx_lock
from .names import as_text, as_the_system_names
from .paths import check_place, check_vouched, parents_missing
from .quota import check, crossed
from .result import JobError
from .source import message_blocks

if TYPE_CHECKING:
    from eximia.privileged.agent import Steps

_MOST_RACES = 10
#: how often and how long (seconds) a mailbox that is being made is waited for
_MAKING, _MAKING_STEP = 10, 0.02


def run(fields: dict[str, Any], fds: list[int]) -> dict[str, Any] | Steps:
    """Deliver into a file or a directory. The result has `result`, and on success `size` and `file`."""
    fields = as_the_system_names(fields)
    if fields["format"] == "maildir":
        return _in_steps(fields, fds)
    try:
        if fields["format"] == "file":
            return as_text(append(fields, fds))
        from .directory import deliver

        return as_text(deliver(fields, fds))
    except JobError as error:
        return as_text(error.as_fields())


def _in_steps(fields: dict[str, Any], fds: list[int]) -> Steps:
    from .directory import maildir

    try:
        return as_text((yield from maildir(fields, fds)))
    except JobError as error:
        return as_text(error.as_fields())


def append(fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    """One message at the end of a file. Raises JobError."""
    path: str = fields["path"]
    check_vouched(fields)
    parents_missing(fields)
    other = _other_format(path, fields)
    if other is not None:
        return {"result": "other", "transport": other}
    lock_file = take_lock_file(fields) if fields["use_lockfile"] else ""
    try:
        return _locked(fields, fds)
    finally:
        if lock_file:
            try:
                os.unlink(lock_file)
            except OSError:
                pass


def _other_format(path: str, fields: dict[str, Any]) -> str | None:
    """`file_format`: the transport for the mailbox's format when it is not this one. Raises JobError."""
    pairs = fields["file_format"]
    if not pairs:
        return None
    longest = max(len(text) for text, _ in pairs)
    try:
        with open(path, "rb") as file:
            start = file.read(longest)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JobError(f"while opening mailbox {path}", error.errno or 0) from error
    if not start:
        return None
    for text, transport in pairs:
        if start.startswith(text.encode("latin-1")):
            return None if transport == fields["transport"] else str(transport)
    raise JobError("mailbox file format unrecognized", Errno.UNKNOWN_FORMAT)


def _locked(fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    """Open, lock, write."""
    patience = Patience(rounds(fields), fields["lock_interval"])
    while True:
        fd = open_mailbox(fields)
        mbx_lock: int | None = None
        try:
            if stat.S_ISFIFO(os.fstat(fd).st_mode):
                return _write(fd, fields, fds)
            if lock_open_file(fd, fields):
                if os.fstat(fd).st_nlink == 0:
                    continue  # another program removed or replaced it while we waited for the lock
                if not fields["use_mbx_lock"]:
                    return _write(fd, fields, fds)
                mbx_lock = take_mbx_lock(fd, fields)
                if mbx_lock is not None:
                    return _write(fd, fields, fds)
        finally:
            if mbx_lock is not None:
                release_mbx_lock(mbx_lock, fd, fields)
            os.close(fd)
        if not patience.wait():
            raise JobError(f"failed to lock mailbox {fields['path']} (fcntl/flock)", Errno.LOCK_FAILED)


def open_mailbox(fields: dict[str, Any]) -> int:
    """A descriptor of the mailbox, open for appending; made when it does not exist. Raises JobError."""
    path: str = fields["path"]
    for _ in range(_MOST_RACES):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            fd = _create(path, fields, os.O_EXCL)
        except OSError as error:
            raise JobError(f"attempting to lstat mailbox {path}", error.errno or 0) from error
        else:
            fd = _open_existing(path, status, fields)
        if fd is not None:
            return fd
    raise JobError(f"mailbox {path} vanishes and appears again and again", Errno.UNKNOWN, freeze=True)


def _create(path: str, fields: dict[str, Any], exclusive: int) -> int | None:
    if fields["file_must_exist"]:
        raise JobError(f"mailbox {path} does not exist, but file_must_exist is set", errno.ENOENT)
    check_place(path, fields["create_file"], fields["home"])
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | exclusive, fields["mode"])
    except FileExistsError:
        return None
    except OSError as error:
        raise JobError(f"while creating mailbox {path}", error.errno or 0) from error
    os.fchmod(fd, fields["mode"])
    return fd


def _open_existing(path: str, status: os.stat_result, fields: dict[str, Any]) -> int | None:
    """Checks before and after opening. None: it vanished."""
    link = stat.S_ISLNK(status.st_mode)
    _check_owner(path, status, fields, " (symlink)" if link else "")
    if link:
        if not fields["allow_symlink"]:
            raise JobError(f"mailbox {path} is not a regular file", Errno.NOT_REGULAR)
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return _create(path, fields, 0)
        except OSError as error:
            raise JobError(f"attempting to stat mailbox {path}", error.errno or 0) from error
        _check_owner(path, status, fields, "")
    if status.st_nlink > 1:
        # Somebody made it another name of a file that is not meant.
        raise JobError(f"mailbox {path} has too many links ({status.st_nlink})", Errno.NOT_REGULAR)
    fifo = stat.S_ISFIFO(status.st_mode)
    if not stat.S_ISREG(status.st_mode) and not (fifo and fields["allow_fifo"]):
        named = " or named pipe" if fields["allow_fifo"] else ""
        raise JobError(f"mailbox {path} is not a regular file{named}", Errno.NOT_REGULAR)
    _check_mode(path, status, fields)
    flags = os.O_WRONLY | os.O_NONBLOCK if fifo else os.O_RDWR | os.O_APPEND
    try:
        fd = os.open(path, flags | os.O_CLOEXEC | (0 if link else os.O_NOFOLLOW))
    except FileNotFoundError:
        return None
    except OSError as error:
        if fifo and error.errno == errno.ENXIO:
            raise JobError(
                f"while opening named pipe {path} (could mean no process is reading it)", errno.ENXIO
            ) from error
        raise JobError(f"while opening mailbox {path}", error.errno or 0) from error
    if fifo:
        os.set_blocking(fd, True)
    opened = os.fstat(fd)
    same = opened.st_ino == status.st_ino and opened.st_dev == status.st_dev and opened.st_uid == status.st_uid
    if not same or stat.S_IFMT(opened.st_mode) != stat.S_IFMT(status.st_mode):
        os.close(fd)
        raise JobError(f"opened mailbox {path} has changed unexpectedly", Errno.CHANGED, freeze=True)
    return fd


def _check_owner(path: str, status: os.stat_result, fields: dict[str, Any], what: str) -> None:
    uid, gid = os.geteuid(), os.getegid()
    if fields["check_owner"] and status.st_uid != uid:
        raise JobError(f"mailbox {path}{what} has wrong uid ({status.st_uid} != {uid})", Errno.BAD_OWNER)
    if fields["check_group"] and status.st_gid != gid:
        raise JobError(f"mailbox {path}{what} has wrong gid ({status.st_gid} != {gid})", Errno.BAD_OWNER)


def _check_mode(path: str, status: os.stat_result, fields: dict[str, Any]) -> None:
    """Reduce permissions that are too wide, refuse those that are too narrow."""
    wanted: int = fields["mode"]
    mode = stat.S_IMODE(status.st_mode)
    if mode == wanted:
        return
    if fields["mode_fail_narrower"] and wanted & ~mode:
        mode = _mode_when_made(path, status)
    if fields["mode_fail_narrower"] and wanted & ~mode:
        raise JobError(f"mailbox {path} has the wrong mode {mode:o} ({wanted:o} expected)", Errno.BAD_MODE)
    if mode & ~wanted:
        try:
            os.chmod(path, mode & wanted)
        except OSError as error:
            raise JobError(f"attempting to chmod mailbox {path}", error.errno or 0) from error


def _mode_when_made(path: str, status: os.stat_result) -> int:
    """The mode of a mailbox that another delivery may just have made: at first the umask holds."""
    for _ in range(_MAKING):
        if status.st_size > 0 or time.time() - status.st_ctime > 1:
            break
        time.sleep(_MAKING_STEP)
        try:
            status = os.stat(path)
        except OSError:
            break  # opening it says what is wrong
    return stat.S_IMODE(status.st_mode)


def _write(fd: int, fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    """Write the message; on an error the file is as it was."""
    path: str = fields["path"]
    status = os.fstat(fd)
    regular = stat.S_ISREG(status.st_mode)
    size = fields["mailbox_size"] if fields["mailbox_size"] >= 0 else status.st_size
    if fields["quota"] > 0:
        check(fields, size, 0, path, _unread_for(status))
    written = 0
    try:
        if fields["mbx_format"]:
            written = mbx.write(fd, fields, message_blocks(fields, fds))
        else:
            for block in parts(fields, fds):
                write_all(fd, block)
                written += len(block)
        if regular:
            os.fsync(fd)
    except OSError as error:
        _undo(fd, status)
        raise _write_error(path, error) from error
    except FilterTimeout:
        _undo(fd, status)
        raise JobError(f"error while writing to {path}", errno.ETIMEDOUT) from None
    except FilterFailure as failure:
        _undo(fd, status)
        raise failure.while_writing(path) from None
    except JobError:
        _undo(fd, status)
        raise
    if fields["notify_comsat"]:
        from .comsat import notify

        notify(fields["login"], status.st_size)
    return {
        "result": "delivered",
        "size": written,
        "file": path,
        "warn": crossed(fields["quota_warn"], size, written),
    }


def parts(fields: dict[str, Any], fds: list[int]) -> Any:
    """Prefix, message and suffix, in blocks."""
    if fields["prefix"]:
        yield fields["prefix"].encode("latin-1")
    yield from message_blocks(fields, fds)
    if fields["suffix"]:
        yield fields["suffix"].encode("latin-1")


def _undo(fd: int, before: os.stat_result) -> None:
    if not stat.S_ISREG(before.st_mode):
        return
    try:
        os.ftruncate(fd, before.st_size)
        os.utime(fd, ns=(before.st_atime_ns, before.st_mtime_ns))
    except OSError:
        pass


def _write_error(path: str, error: OSError) -> JobError:
    if error.errno == errno.EDQUOT:
        text = f"mailbox is full (quota exceeded while writing to file {path})"
        return JobError(text, errno.EDQUOT, user_message="mailbox is full")
    if error.errno == errno.ENOSPC:
        return JobError(f"mailbox is full (while writing to file {path})", errno.ENOSPC, user_message="mailbox is full")
    return JobError(f"error while writing to file {path}", error.errno or 0)


def _unread_for(status: os.stat_result) -> float:
    """Seconds since the mailbox was read, 0 when that is not known."""
    return max(0.0, time.time() - status.st_atime)
