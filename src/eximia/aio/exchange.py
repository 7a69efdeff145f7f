"""Questions and answers in order over one connection that all sessions of a worker share (`base.ports.Exchange`).

What the sessions ask in one turn of the loop goes out in one write, and the answers that one read brings wake them all.
Only for questions that are answered at once: who asks later waits for the answers of those before.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections import deque
from typing import TYPE_CHECKING, Any

from eximia.aio.bridge import Waiter
from eximia.base.errors import NetworkError, RemoteProtocolError

if TYPE_CHECKING:
    from eximia.aio.bridge import Bridge
    from eximia.base.ports import Replies

#: looks at who waits, in one time-out
LOOKS = 5


class LoopExchange(asyncio.Protocol):
    """See the module's docstring. `timeout` seconds for an answer, give or take a fifth; after `idle` seconds without a
    question the connection is closed."""

    def __init__(
        self, bridge: Bridge, transport: asyncio.Transport, replies: Replies, timeout: float, idle: float
    ) -> None:
        self._bridge = bridge
        self._transport: asyncio.Transport | None = transport
        self._replies = replies
        self._pause = timeout / LOOKS
        self._idle = idle
        self._out: list[bytes] = []
        #: who waits for the answers that come next; None: nobody wants that one
        self._waiting: deque[Waiter | None] = deque()
        #: who waited longest at the last look, and for how many looks by now
        self._oldest: Waiter | None = None
        self._looks = 0
        self._looking = False
        #: questions so far
        self._count = 0
        transport.set_protocol(self)

    @property
    def closed(self) -> bool:
        return self._transport is None

    def ask(self, data: bytes, skip: int = 0) -> Any:
        if self._transport is None:
            raise NetworkError(os.strerror(errno.EPIPE), errno.EPIPE)
        loop = self._bridge.loop
        if not self._out:
            # At the end of this turn of the loop, with what others ask in it.
            loop.call_soon(self._flush)
        self._out.append(data)
        for _ in range(skip):
            self._waiting.append(None)
        waiter = Waiter(self._bridge)
        self._waiting.append(waiter)
        self._count += 1
        if not self._looking:
            self._looking = True
            loop.call_later(self._pause, self._look)
        return waiter.wait()

    def close(self) -> None:
        self._end(NetworkError(os.strerror(errno.EPIPE), errno.EPIPE))

    def _flush(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        if self._transport is not None:
            self._transport.write(data)

    def _look(self) -> None:
        """Whether somebody has waited for too long, or nobody asks any more."""
        self._looking = False
        if self._transport is None:
            return
        oldest = next((each for each in self._waiting if each is not None), None)
        if oldest is None:
            self._bridge.loop.call_later(self._idle, self._look_idle, self._count)
            return
        self._looks = self._looks + 1 if oldest is self._oldest else 0
        self._oldest = oldest
        if self._looks >= LOOKS:
            self._end(NetworkError(os.strerror(errno.ETIMEDOUT), errno.ETIMEDOUT, timed_out=True))
            return
        self._looking = True
        self._bridge.loop.call_later(self._pause, self._look)

    def _look_idle(self, count: int) -> None:
        if count == self._count:
            self.close()

    # The loop's side

    def data_received(self, data: bytes) -> None:
        replies = self._replies
        waiting = self._waiting
        replies.feed(data)
        while True:
            try:
                reply = replies.next()
            except RemoteProtocolError as error:
                self._end(NetworkError(error.message))
                return
            if reply is replies.MISSING:
                return
            if not waiting:
                # Nobody asked: what comes next belongs to nothing any more.
                self._end(NetworkError("unexpected reply"))
                return
            waiter = waiting.popleft()
            if waiter is not None:
                waiter.set(reply)

    def eof_received(self) -> bool:
        self._end(NetworkError("server closed the connection"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        code = getattr(exc, "errno", None) or errno.ECONNRESET
        self._end(NetworkError(os.strerror(code), code))

    def _end(self, error: NetworkError) -> None:
        transport, self._transport = self._transport, None
        waiting, self._waiting = self._waiting, deque()
        self._out.clear()
        if transport is not None:
            transport.abort()
        for waiter in waiting:
            if waiter is not None:
                waiter.fail(error)


def exchange_over(bridge: Bridge, stream: Any, replies: Replies, timeout: float, idle: float) -> LoopExchange | None:
    """An exchange over a plain connection on which nothing is under way; None for other streams (TLS)."""
    from eximia.aio.streams import LoopStream

    if type(stream) is not LoopStream:
        return None
    transport = stream.hand_over()
    return None if transport is None else LoopExchange(bridge, transport, replies, timeout, idle)
