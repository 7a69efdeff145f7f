"""Waiting until a descriptor that a library owns can be read (`base.ports.Watch`): libpq's connections."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bridge import Bridge, Waiter
    from .streams import IdleTicker

_OVER = select.POLLERR | select.POLLHUP


class LoopWatch:
    """On the loop. What is polled is changed in the hub only (ADR 7). Its waits are looked at by `ticker`, once a
    second: a timer for each query would cost more than the rest.

    What is polled is a descriptor of our own: a library closes its own as soon as it finds the connection lost, and the
    next connection of another session then has the number of which the loop still believes that it polls it. And libuv
    polls nothing any more after it has told of an error: before each wait it is asked whether the connection is over.
    Raises OSError.
    """

    __slots__ = ("_bridge", "_closed", "_fd", "_look", "_polled", "_ready", "_ticker", "_waiter", "deadline")

    def __init__(self, bridge: Bridge, ticker: IdleTicker, fd: int) -> None:
        self._bridge = bridge
        self._ticker = ticker
        self.deadline = 0.0
        self._fd = os.dup(fd)
        self._look = select.poll()
        self._look.register(self._fd, select.POLLIN)
        self._waiter: Waiter | None = None
        #: it became readable while nobody waited
        self._ready = False
        self._polled = False
        self._closed = False
        bridge.loop.call_soon(self._begin)

    def _begin(self) -> None:
        if not self._closed and not self._polled:
            self._polled = True
            self._bridge.loop.add_reader(self._fd, self._readable)

    def _readable(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            self._ticker.remove(self)
            waiter.set(True)
            return
        # Nobody reads it now: do not let the loop spin.
        self._ready = True
        self._polled = False
        self._bridge.loop.remove_reader(self._fd)

    def wait(self, timeout: float) -> bool:
        if self._ready:
            self._ready = False
            self._bridge.loop.call_soon(self._begin)
            return True
        if any(events & _OVER for _, events in self._look.poll(0)):
            return True
        waiter = self._waiter = self._bridge.waiter()
        self.deadline = self._bridge.loop.time() + timeout
        self._ticker.add(self)
        found: bool = waiter.wait()
        return found

    def ready(self) -> bool:
        return bool(self._look.poll(0))

    def timed_out(self) -> None:
        """The wait took too long."""
        waiter, self._waiter = self._waiter, None
        self._ticker.remove(self)
        if waiter is not None:
            waiter.set(False)

    def close(self, then: Callable[[], object]) -> None:
        if self._closed:
            return
        self._closed = True

        def end() -> None:
            if self._polled:
                self._bridge.loop.remove_reader(self._fd)
            os.close(self._fd)
            then()

        self._bridge.loop.call_soon(end)


class DirectWatch:
    """Without a loop."""

    __slots__ = ("_poll",)

    def __init__(self, fd: int) -> None:
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)

    def wait(self, timeout: float) -> bool:
        return bool(self._poll.poll(timeout * 1000))

    def ready(self) -> bool:
        return self.wait(0)

    def close(self, then: Callable[[], object]) -> None:
        then()
