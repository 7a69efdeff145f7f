"""The mail user: who counts as handing in what comes from other hosts, and what we write ourselves."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

from eximia.base.text import Untainted

if TYPE_CHECKING:
    from eximia.context import Process


def ourselves(process: Process) -> tuple[Untainted, int, int]:
    """Login, uid and gid."""
    known: tuple[Untainted, int, int] | None = process.caches.get("reception.ourselves")
    if known is None:
        known = process.caches["reception.ourselves"] = _look_up(process)
    return known


def _look_up(process: Process) -> tuple[Untainted, int, int]:
    uid, gid = process.main.exim_user, process.main.exim_group
    if not isinstance(uid, int) or os.geteuid() not in (0, uid):
        uid, gid = os.geteuid(), os.getegid()
    try:
        login = pwd.getpwuid(uid).pw_name
    except KeyError:
        login = f"uid{uid}"
    return Untainted(login), uid, gid if isinstance(gid, int) else os.getegid()
