"""Files that root makes in the spool belong to whom the folder belongs: the mail user must go on with them."""

from __future__ import annotations

import os


def own_like_folder(fd: int, path: str) -> None:
    """Give the new file `fd`, made as `path`, the owner of its folder when we are root."""
    if os.geteuid() == 0:
        folder = os.stat(os.path.dirname(path))
        os.fchown(fd, folder.st_uid, folder.st_gid)
