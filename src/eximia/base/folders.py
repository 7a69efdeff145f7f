"""Folders that are made while others may be making the same; those that root makes for somebody else."""

from __future__ import annotations

import errno
import os
import threading

#: AT_FDCWD and RENAME_NOREPLACE of renameat2(2)
_HERE = -100
_NO_REPLACE = 1


def make_folders(path: str, mode: int) -> None:
    """Make a folder and those above it, with this mode whatever the umask is. Nothing happens when there is one.
    Raises OSError."""
    if os.path.isdir(path):
        return
    above = os.path.dirname(path.rstrip("/"))
    if above and above != path:
        make_folders(above, mode)
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        return
    os.chmod(path, mode)


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
