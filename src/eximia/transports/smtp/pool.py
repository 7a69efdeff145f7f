"""Sessions kept open for the next message to the same host (design: a member of Process; manual 30.1).

A session is kept a few seconds after its message. Several messages at a time use several sessions. The key names
everything that may make sessions differ: transport, host, address, port, interface and the expanded settings of
the connection. Not a limiter: `serialize_hosts` and `max_parallel` are applied before a session is asked for.
"""

from __future__ import annotations

import atexit
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eximia.base.ports import Ports
    from eximia.context import Context, Process

    from .connection import Connection

_CACHE = "smtp.pool"


class Pool:
    """Idle sessions by key. `keep` seconds (0: none is kept), at most `limit` in all."""

    __slots__ = ("_count", "_idle", "_ports", "_reaping", "keep", "limit")

    def __init__(self, ports: Ports, *, keep: float = 3.0, limit: int = 200) -> None:
        self._ports = ports
        self.keep = keep
        self.limit = limit
        self._idle: dict[tuple[Any, ...], deque[Connection]] = {}
        self._count = 0
        self._reaping = False

    def take(self, key: tuple[Any, ...]) -> Connection | None:
        """An idle session for `key` that is still good, the one used last; it is the caller's then."""
        idle = self._idle.get(key)
        while idle:
            connection = idle.pop()
            self._count -= 1
            if not idle:
                del self._idle[key]
            if connection.alive():
                return connection
            connection.stream.abort()
        return None

    def give(self, connection: Connection) -> None:
        """Keep a session for the next message, or end it when none is wanted."""
        if self.keep <= 0 or self._count >= self.limit:
            connection.quit()
            return
        now = self._ports.clock.monotonic()
        connection.expires = now + self.keep
        self.expire(now)
        idle = self._idle.get(connection.key)
        if idle is None:
            idle = self._idle[connection.key] = deque()
        idle.append(connection)
        self._count += 1
        if not self._reaping:
            self._reaping = True
            bridge = getattr(self._ports, "bridge", None)
            if bridge is not None:
                # A worker that stops closes the pool and does not wait for the clock.
                bridge.spawn_forever(self._reap)
            else:
                # One policy at a time (the command line): nobody could watch the clock.
                atexit.register(self.close)

    def close(self) -> None:
        """End all idle sessions (reload, end of the process)."""
        for idle in self._idle.values():
            for connection in idle:
                connection.quit()
        self._idle.clear()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def _reap(self) -> None:
        """End what was idle too long, until nothing is idle."""
        clock = self._ports.clock
        while self._idle:
            oldest = min(idle[0].expires for idle in self._idle.values())
            clock.sleep(max(0.05, oldest - clock.monotonic()))
            self.expire(clock.monotonic())
        self._reaping = False

    def expire(self, now: float) -> None:
        """End the sessions whose time is over."""
        for key in list(self._idle):
            idle = self._idle[key]
            while idle and idle[0].expires <= now:
                self._count -= 1
                idle.popleft().quit()
            if not idle:
                del self._idle[key]


def pool_of(ctx: Context) -> Pool:
    """The process's pool."""
    caches = ctx.process.caches
    pool: Pool | None = caches.get(_CACHE)
    if pool is None:
        pool = caches[_CACHE] = Pool(ctx.process.ports)
    return pool


def close_pool(process: Process) -> None:
    """End the idle sessions of a process that is about to end."""
    pool: Pool | None = process.caches.get(_CACHE)
    if pool is not None:
        pool.close()
