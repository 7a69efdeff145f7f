"""Files that root makes in the spool belong to whom the folder belongs: the mail user must go on with them."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress

#: AT_FDCWD and RENAME_NOREPLACE of renameat2(2)
_HERE = -100
_NO_REPLACE = 1


def umask() -> int:
    """That of this process, or all bits where the system does not tell. (Asking with umask(2) would change it, also for
    other threads.)"""
    with suppress(OSError), open("/proc/self/status", "rb") as file:
        for line in file:
            if line.startswith(b"Umask:"):
                return int(line.split()[1], 8)
    return 0o777


def own_like_folder(fd: int, path: str, mode: int) -> None:
    """Give the new file `fd`, made as `path`, its mode whatever the umask is, and the owner of its folder when we are
    root."""
    with suppress(PermissionError):  # somebody else made it as theirs
        os.fchmod(fd, mode)
    if os.geteuid() == 0:
        folder = os.stat(os.path.dirname(path))
        os.fchown(fd, folder.st_uid, folder.st_gid)


def make_folder(path: str, mode: int) -> None:
    """Make a folder, with those above it, that belongs to whom the folder above it belongs. Raises OSError."""
    above = os.path.dirname(path)
    if not os.path.isdir(above):
        make_folder(above, mode)
    if os.geteuid() == 0:
        folder = os.stat(above)
        make_owned_folder(path, mode, folder.st_uid, folder.st_gid)
        return
    try:
        os.mkdir(path, mode)
        os.chmod(path, mode)  # whatever the umask is
    except FileExistsError:
        pass


def make_owned_folder(path: str, mode: int, uid: int, gid: int) -> None:
    """As root make a folder that belongs to somebody from the moment in which it has its name: who finds it there works
    in it at once. Nothing happens when there is one. Raises OSError."""
    if os.path.lexists(path):
        return
    new = f"{os.path.dirname(path)}/.{os.getpid()}-{threading.get_native_id()}"
    os.mkdir(new, 0o700)
    try:
        # Whoever owns the folder above may have put a link in its place already.
        fd = os.open(new, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fchmod(fd, mode)
            os.fchown(fd, uid, gid)
        finally:
            os.close(fd)
        _rename_to_new_name(new, path)
    except OSError as error:
        os.rmdir(new)
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise  # or else somebody else was faster


def _rename_to_new_name(old: str, new: str) -> None:
    """rename(2) would put it in the place of an empty folder, in which somebody is perhaps just making something.
    Raises OSError."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    error = errno.ENOSYS
    if hasattr(libc, "renameat2"):
        if not libc.renameat2(_HERE, os.fsencode(old), _HERE, os.fsencode(new), _NO_REPLACE):
            return
        error = ctypes.get_errno()
    if error not in (errno.ENOSYS, errno.EINVAL):
        raise OSError(error, os.strerror(error), new)
    os.rename(old, new)  # the system or the file system does not have it
