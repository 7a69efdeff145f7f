"""Connections to servers, kept from one lookup to the next: so many at a time to one server, closed when they were idle
for long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from eximia.base.errors import LookupDefer, NetworkError, RemoteProtocolError

if TYPE_CHECKING:
    from eximia.base.ports import Ports
    from eximia.context import Context

C = TypeVar("C")
T = TypeVar("T")
A = TypeVar("A")

#: connections of one worker to one server; further lookups wait for one of them
MOST = 20
#: seconds without use after which a connection is closed, and between looks
IDLE = 60.0


class Pool(Generic[C]):
    """The connections to one server. `close` ends one and does not wait."""

    __slots__ = ("_close", "_gate", "_idle", "_looking", "_monotonic", "_ports")

    def __init__(self, ports: Ports, close: Callable[[C], object]) -> None:
        self._ports = ports
        self._close = close
        self._monotonic = ports.clock.monotonic
        self._gate = ports.gate(MOST)
        #: with the time of their last use, oldest first
        self._idle: list[tuple[C, float]] = []
        self._looking = False

    def use(self, connect: Callable[[], C], work: Callable[[C, A], T], asked: A) -> T:
        """`work(connection, asked)` on a kept connection or a new one. When a kept one turns out to be lost, once more
        on another. Raises what `connect` and `work` raise; NetworkError and RemoteProtocolError of `work` mean that it
        is lost and nothing was done."""
        idle = self._idle
        with self._gate:
            while True:
                kept = bool(idle)
                connection = idle.pop()[0] if kept else connect()
                try:
                    result = work(connection, asked)
                except (NetworkError, RemoteProtocolError) as error:
                    self._close(connection)
                    if kept and not getattr(error, "timed_out", False):
                        continue
                    raise
                except BaseException as error:
                    # A query that was refused does no harm to the connection.
                    if type(error) is LookupDefer:
                        self.keep(connection)
                    else:
                        self._close(connection)
                    raise
                self.keep(connection)
                return result

    def keep(self, connection: C) -> None:
        """Take a connection that somebody has done with."""
        self._idle.append((connection, self._monotonic()))
        if not self._looking:
            self._looking = True
            self._ports.later(IDLE, self._look)

    def _look(self) -> None:
        """Close what was idle for long."""
        self._looking = False
        now = self._monotonic()
        while self._idle and now - self._idle[0][1] >= IDLE:
            self._close(self._idle.pop(0)[0])
        if self._idle:
            self._looking = True
            self._ports.later(IDLE - (now - self._idle[0][1]), self._look)

    def __len__(self) -> int:
        return len(self._idle)


def pool_for(ctx: Context, kind: str, server: object, close: Callable[[Any], object]) -> Pool[Any]:
    """The pool of one server among those of `kind`."""
    pools: dict[object, Pool[Any]] = ctx.process.caches.setdefault(f"lookup.{kind}", {})
    pool = pools.get(server)
    if pool is None:
        pool = pools[server] = Pool(ctx.process.ports, close)
    return pool
