"""Room on the spool's and the logs' disks (`check_spool_space`, `check_log_space`, ... manual 14)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eximia.context import Process


def space_is_short(process: Process, size: int) -> bool:
    """True when a message of `size` bytes would leave too little room; says so in the log."""
    main = process.main
    spool_space = main.check_spool_space
    if spool_space > 0 or main.check_spool_inodes > 0 or size > 0:
        if _short(process, "spool", process.spool.directory, spool_space + size // 1024, main.check_spool_inodes):
            return True
    if main.check_log_space > 0 or main.check_log_inodes > 0:
        path = process.log.settings.destination.path.rpartition("/")[0] or process.spool.directory
        if _short(process, "log", path, main.check_log_space, main.check_log_inodes):
            return True
    return False


def _short(process: Process, what: str, path: str, space: int, inodes: int) -> bool:
    try:
        status = os.statvfs(path)
    except OSError:
        return False
    free = status.f_bavail * status.f_frsize // 1024
    free_inodes = status.f_favail if status.f_files else -1
    if (space > 0 and free < space) or (inodes > 0 and 0 <= free_inodes < inodes):
        process.log.main(f"{what} directory space check failed: space={free} inodes={free_inodes}")
        return True
    return False
