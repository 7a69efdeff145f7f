"""A connection whose client has become the server (ATRN, RFC 2645): deliveries to it use the open stream.

Messages go over it one after another; when it breaks, what is left waits for the next ATRN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.context.delivery import Errno, Host

from .authentication import authenticate
from .connection import Connection, greet
from .encryption import secure
from .failure import Failure
from .watching import watcher_of

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Context
    from eximia.context.session import TlsFacts


class Turned:
    """`stream` to the client at `address` and `port`; `tls` of the session that it was."""

    __slots__ = ("address", "connection", "port", "stream", "tls", "used")

    def __init__(self, stream: Stream, address: str, port: int, tls: TlsFacts) -> None:
        self.stream = stream
        self.address = address
        self.port = port
        self.tls = tls
        self.connection: Connection | None = None
        self.used = False

    def is_for(self, host: Host, port: int) -> bool:
        return (host.address, port) == (self.address, self.port)

    def session(self, ctx: Context, options: Any, host: Host) -> tuple[Connection, bool]:
        """The session with the client, and whether it carried a message before. Raises Failure."""
        if self.connection is not None and self.connection.messages > 0:
            return self.connection, True
        if self.used:
            raise Failure("the client's connection is not usable any more", Errno.CONNECTION_CLOSED, log=False)
        self.used = True
        connection = Connection(self.stream, host, self.port, ())
        connection.watch = watcher_of(ctx)
        connection.wait = options.command_timeout
        connection.tls = self.tls
        self.stream.set_send_timeout(options.data_timeout)
        greet(ctx, connection, options)
        secure(ctx, connection, options, on_connect=False)
        authenticate(ctx, connection, options)
        self.connection = connection
        return connection, False

    def end(self) -> None:
        """All that waited has been tried."""
        if self.connection is not None and self.connection.messages >= 0:
            self.connection.quit()
        else:
            self.stream.close()
