"""Locks of mailbox files (manual 26.3): lock file, fcntl, flock, MBX."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time
from typing import Any

from eximia.context.delivery import Errno

from .result import JobError

#: struct flock: type, whence, start, length, pid
_FLOCK = struct.Struct("hhqqi4x")


def take_lock_file(fields: dict[str, Any]) -> str:
    """Make the lock file of a mailbox by way of a hitching post; its name. Raises JobError."""
    path: str = fields["path"]
    name = f"{path}.lock"
    hitch = f"{name}.{fields['host']}.{int(time.time()):08x}.{os.getpid():08x}"
    patience = Patience(max(1, fields["lock_retries"]), fields["lock_interval"])
    while True:
        post = _hitching_post(hitch, fields["lockfile_mode"])
        if _hitched(post, name):
            return name
        _remove_stale(name, fields["lockfile_timeout"])
        if not patience.wait():
            raise JobError(f"failed to lock mailbox {path} (lock file)", Errno.LOCK_FAILED)
        while os.path.lexists(name) and patience.wait():
            _remove_stale(name, fields["lockfile_timeout"])


class Patience:
    """Waiting for a lock: `tries` with `interval` seconds between them. Within that time it is asked more often,
    because a mailbox is mostly locked for milliseconds only."""

    STEP = 0.05

    def __init__(self, tries: int, interval: float) -> None:
        self._left = tries
        self._interval = interval
        self._deadline = time.monotonic() + (tries - 1) * interval

    def wait(self) -> bool:
        """Sleep a little; False when the time is over."""
        self._left -= 1
        if self._interval <= 0:
            return self._left > 0
        left = self._deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(self.STEP, self._interval, left))
        return True


def _hitching_post(hitch: str, mode: int) -> str:
    """Make the post; its name. Another delivery of this process may have that name in this second."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        try:
            fd = os.open(hitch, flags, mode)
        except FileExistsError:
            hitch = f"{hitch}.{time.monotonic_ns():x}"
            fd = os.open(hitch, flags, mode)
    except OSError as error:
        raise JobError(
            f"creating lock file hitching post {hitch} (euid={os.geteuid()} egid={os.getegid()})", error.errno or 0
        ) from error
    os.close(fd)
    return hitch


def _hitched(hitch: str, name: str) -> bool:
    """Link the post to the lock's name; the post is gone afterwards."""
    try:
        os.link(hitch, name)
        return True
    except OSError as error:
        # The link may have been made although the answer got lost (NFS).
        made = os.stat(hitch).st_nlink == 2
        if not made and error.errno != errno.EEXIST:
            raise JobError(f"failed to link lock file {name}", error.errno or 0) from error
        return made
    finally:
        os.unlink(hitch)


def _remove_stale(name: str, timeout: int) -> None:
    if timeout <= 0:
        return
    try:
        if time.time() - os.stat(name).st_ctime > timeout:
            os.unlink(name)
    except OSError:
        pass


def lock_open_file(fd: int, fields: dict[str, Any]) -> bool:
    """The fcntl and flock locks on the open file. False: somebody else has it."""
    shared = bool(fields["use_mbx_lock"])
    use_fcntl, use_flock = _kinds(fields)
    if use_fcntl and not _lock(_by_fcntl, fd, fields["lock_fcntl_timeout"], shared=shared):
        return False
    return not use_flock or _lock(_by_flock, fd, fields["lock_flock_timeout"], shared=shared)


def _kinds(fields: dict[str, Any]) -> tuple[bool, bool]:
    use_fcntl, use_flock = fields["use_fcntl_lock"], fields["use_flock_lock"]
    if fields["use_mbx_lock"] and not use_fcntl and not use_flock:
        return True, False
    return use_fcntl, use_flock


def _lock(how: Any, fd: int, timeout: int, *, shared: bool) -> bool:
    deadline = time.monotonic() + timeout
    while True:
        try:
            how(fd, shared)
            return True
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise JobError("failed to lock mailbox", error.errno or 0) from error
        # A blocking call would need an alarm signal, which threads do not have: ask often instead.
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)


def _by_fcntl(fd: int, shared: bool) -> None:
    """A lock that belongs to the open file: it conflicts with other programs' fcntl() and lockf() locks, and with
    another delivery in this process, which a plain fcntl() lock would not."""
    kind = fcntl.F_RDLCK if shared else fcntl.F_WRLCK
    fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _FLOCK.pack(kind, os.SEEK_SET, 0, 0, 0))


def _by_flock(fd: int, shared: bool) -> None:
    fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def rounds(fields: dict[str, Any]) -> int:
    """How many times opening and locking is tried."""
    tries = max(1, fields["lock_retries"])
    timeout = max(fields["lock_fcntl_timeout"], fields["lock_flock_timeout"])
    if timeout > 0:
        total = tries * fields["lock_interval"]
        return int(max(1, -(-total // timeout)))
    return int(tries)


def take_mbx_lock(fd: int, fields: dict[str, Any]) -> int | None:
    """The exclusive lock on /tmp/.<device>.<inode>; its descriptor, None when somebody has it. Raises JobError."""
    name = _mbx_lock_file(fd)
    try:
        before = os.lstat(name)
    except FileNotFoundError:
        before = None
    if before is not None and (before.st_nlink != 1 or not _regular(before.st_mode)):
        raise JobError(f"MBX lock file {name} is not a plain file", Errno.LOCK_FAILED)
    try:
        lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, fields["lockfile_mode"])
    except OSError as error:
        raise JobError(f"failed to open MBX lock file {name} :{error.strerror}", Errno.LOCK_FAILED) from error
    if before is None:
        os.fchmod(lock, fields["lockfile_mode"])
    use_fcntl, use_flock = _kinds(fields)
    if use_fcntl and not _lock(_by_fcntl, lock, fields["lock_fcntl_timeout"], shared=False):
        os.close(lock)
        return None
    if use_flock and not _lock(_by_flock, lock, fields["lock_flock_timeout"], shared=False):
        os.close(lock)
        return None
    os.write(lock, b"%d" % os.getpid())
    return lock


def release_mbx_lock(lock: int, fd: int, fields: dict[str, Any]) -> None:
    """Give the lock up, and remove its file unless somebody else uses the mailbox: left behind, it would lock others
    out of a mailbox that gets the same inode later. Who comes to use this one waits for the exclusive lock on it."""
    try:
        use_fcntl, use_flock = _kinds(fields)
        alone = not use_fcntl or _lock(_by_fcntl, fd, 0, shared=False)
        if alone and (not use_flock or _lock(_by_flock, fd, 0, shared=False)):
            os.unlink(_mbx_lock_file(fd))
    except (OSError, JobError):
        pass
    finally:
        os.close(lock)


def _mbx_lock_file(fd: int) -> str:
    status = os.fstat(fd)
    return f"/tmp/.{status.st_dev:x}.{status.st_ino:x}"  # noqa: S108  (the name is c-client's)


def _regular(mode: int) -> bool:
    return (mode & 0o170000) == 0o100000
