"""Files that root makes in the spool belong to whom the folder belongs: the mail user must go on with them."""

from __future__ import annotations

import os


def own_like_folder(fd: int, path: str) -> None:
    """Give the new file `fd`, made as `path`, the owner of its folder when we are root."""
    if os.geteuid() == 0:
        folder = os.stat(os.path.dirname(path))
        os.fchown(fd, folder.st_uid, folder.st_gid)


def make_folder(path: str, mode: int) -> None:
    """Make a folder, with those above it, that belongs to whom the folder above it belongs. Raises OSError."""
    above = os.path.dirname(path)
    if not os.path.isdir(above):
        make_folder(above, mode)
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        return
    # Whoever owns the folder above may have put a link in its place already.
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        own_like_folder(fd, path)
    finally:
        os.close(fd)
