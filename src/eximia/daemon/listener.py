"""Taking connections from the listening sockets that the parent bound and all workers share."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

from eximia.aio.bridge import Bridge
from eximia.aio.streams import LoopNetwork, LoopStream
from eximia.daemon.connections import Connections

#: leave a connection to a worker with fewer for this long, this often
_YIELD_SECONDS = 0.002
_MOST_YIELDS = 3


class Listener:
    """One listening socket of one worker. `serve(stream)` is policy, run in a greenlet a connection."""

    def __init__(
        self,
        bridge: Bridge,
        net: LoopNetwork,
        connections: Connections,
        sock: socket.socket,
        serve: Callable[[LoopStream], None],
        watch_backlog: Callable[[socket.socket], None] | None = None,
    ) -> None:
        self._bridge = bridge
        self._net = net
        self._connections = connections
        self._sock = sock
        self._serve = serve
        #: told of the socket before each accept (`smtp_backlog_monitor`)
        self._watch_backlog = watch_backlog
        self._yields = 0
        self._stopped = False
        self._attaching: set[asyncio.Task[None]] = set()
        bridge.loop.add_reader(sock.fileno(), self._readable)

    @property
    def attaching(self) -> bool:
        """Connections were accepted whose sessions have not begun."""
        return bool(self._attaching)

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._bridge.loop.remove_reader(self._sock.fileno())
            self._sock.close()

    def _readable(self) -> None:
        counts = self._connections.counts()
        if len(counts) > 1 and self._connections.own > min(counts) and self._yields < _MOST_YIELDS:
            self._yields += 1
            self._bridge.loop.remove_reader(self._sock.fileno())
            self._bridge.loop.call_later(_YIELD_SECONDS, self._again)
            return
        self._yields = 0
        if self._watch_backlog is not None:
            self._watch_backlog(self._sock)
        try:
            sock, _ = self._sock.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                self._bridge.loop.remove_reader(self._sock.fileno())
                self._bridge.loop.call_later(0.5, self._again)
            return
        sock.setblocking(False)
        stream = ServerStream(self)
        task = self._bridge.loop.create_task(self._attach(stream, sock))
        self._attaching.add(task)
        task.add_done_callback(self._attaching.discard)

    def _again(self) -> None:
        if not self._stopped:
            self._bridge.loop.add_reader(self._sock.fileno(), self._readable)

    async def _attach(self, stream: ServerStream, sock: socket.socket) -> None:
        try:
            await self._bridge.loop.connect_accepted_socket(lambda: stream, sock)
        except OSError:
            sock.close()

    def started(self, stream: ServerStream) -> None:
        self._bridge.spawn(self._serve_one, stream)

    def _serve_one(self, stream: ServerStream) -> None:
        try:
            self._serve(stream)
        finally:
            stream.close()

    @property
    def bridge(self) -> Bridge:
        return self._bridge

    @property
    def net(self) -> LoopNetwork:
        return self._net


class ServerStream(LoopStream):
    """A connection that a client opened: its session starts when it is ready."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener.bridge, listener.net.ticker)
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._listener.started(self)
