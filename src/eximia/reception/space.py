"""Room on the spool's and the logs' disks (`check_spool_space`, `check_log_space`, ... manual 14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eximia.base.text import system_name
from eximia.spool.store import free_space

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
        path = system_name(process.log.settings.destination.path.rpartition("/")[0]) or process.spool.directory
        if _short(process, "log", path, main.check_log_space, main.check_log_inodes):
            return True
    return False


def no_room_at_start(process: Process) -> bool:
    """True, and the caller has been told, when nothing can be taken in from standard input without SMTP."""
    if not space_is_short(process, 0):
        return False
    from .complaint import say

    say("insufficient disk space")
    return True


#: seconds for which what a disk has is believed
_BELIEVED: Final = 0.5


def _room(process: Process, path: str) -> tuple[int, int] | None:
    """(free kilobytes, free inodes, -1 where there is no number) of a disk; None: it does not say."""
    kept: dict[str, tuple[float, tuple[int, int] | None]] = process.caches.setdefault("disk room", {})
    now = process.ports.clock.monotonic()
    known = kept.get(path)
    if known is not None and now < known[0]:
        return known[1]
    room = None
    try:
        room = free_space(path)
    except OSError:
        pass
    kept[path] = (now + _BELIEVED, room)
    return room


def _short(process: Process, what: str, path: str, space: int, inodes: int) -> bool:
    room = _room(process, path)
    if room is None:
        return False
    free, free_inodes = room
    if (space > 0 and free < space) or (inodes > 0 and 0 <= free_inodes < inodes):
        process.log.main(f"{what} directory space check failed: space={free} inodes={free_inodes}")
        return True
    return False
