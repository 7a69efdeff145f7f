"""Files that root makes in the spool belong to whom the folder belongs: the mail user must go on with them."""

from __future__ import annotations

import os
from contextlib import suppress

from eximia.base.folders import make_folders, make_owned_folder


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
    make_folders(path, mode)
