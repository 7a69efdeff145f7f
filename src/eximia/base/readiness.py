"""Waiting for one descriptor without an event loop. By `poll`: `select` refuses descriptors above 1023, and a busy
server has them."""

from __future__ import annotations

import select

READABLE = select.POLLIN
WRITABLE = select.POLLOUT


def wait_for(fd: int, event: int, timeout: float) -> bool:
    """True when `fd` is ready within `timeout` seconds (0: no limit). An error or the end of it counts as ready."""
    poll = select.poll()
    poll.register(fd, event)
    return bool(poll.poll(max(1, int(timeout * 1000)) if timeout > 0.0005 else (0 if timeout else None)))
