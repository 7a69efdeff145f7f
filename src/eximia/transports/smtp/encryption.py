"""TLS of a client's session: when it is used, and what follows when it cannot be (manual 43.10, 43.18; RFC 3207)."""

from __future__ import annotations

from errno import ECONNRESET, EPIPE, EPROTO
from typing import TYPE_CHECKING, Any

from eximia.context.delivery import Errno
from eximia.tls.binding import is_built
from eximia.transports.strings import host_matches

from .failure import NOT_SUPPORTED, Failure, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from eximia.context import Context

    from .connection import Connection

#: how a connection that ends without an answer shows: a closed or a broken one
_GONE = (Errno.CONNECTION_CLOSED, EPROTO, ECONNRESET, EPIPE)
_NOT_OFFERED = "a TLS session is required, but the server did not offer TLS support"
_NOT_STARTED = "a TLS session is required, but an attempt to start TLS failed"


class TlsFailure(Failure):
    """TLS was begun and failed: the connection is in no known state. `retry_in_clear`: another may do without TLS."""

    def __init__(self, text: str, *, retry_in_clear: bool, report: str = "validation-failure") -> None:
        super().__init__(f"TLS session: {text}", Errno.TLS_FAILURE, log=False)
        self.retry_in_clear = retry_in_clear
        self.report = report


def _not_supported(text: str) -> Failure:
    failure = Failure(text, Errno.TLS_REQUIRED)
    failure.report = NOT_SUPPORTED
    return failure


def required(ctx: Context, connection: Connection, options: Any) -> bool:
    """Whether nothing may be sent in clear."""
    host = connection.host
    return _mandatory(connection) or host_matches(ctx, options.hosts_require_tls, host.name, host.address)


def _mandatory(connection: Connection) -> bool:
    """Whether others than the transport's options want TLS: DANE, MTA-STS, REQUIRETLS, the SRV record."""
    return connection.dane is not None or connection.sts or connection.host.tls_required


def secure(ctx: Context, connection: Connection, options: Any, *, on_connect: bool) -> None:
    """Start TLS where the server and the options want it. Raises Failure; TlsFailure when it was begun."""
    if connection.tls.version:
        return
    needed = required(ctx, connection, options)
    if not on_connect:
        if not connection.peer.starttls:
            if needed:
                _dane_failed(ctx, options, connection, offered=False)
                raise _not_supported(_NOT_OFFERED)
            return
        if not needed and connection.in_clear:
            return
        if not _mandatory(connection) and _avoided(ctx, connection, options):
            if needed:
                raise _not_supported(_NOT_STARTED)
            return
    if not is_built():
        if needed or on_connect:
            raise Failure("a TLS session is required, but there is no TLS here", Errno.TLS_REQUIRED)
        return
    if not on_connect and not _agreed(ctx, connection, options, needed=needed):
        return
    from .connection import introduce
    from .handshake import Handshake, HandshakeError

    clear = not needed and not on_connect and options.tls_tempfail_tryclear
    try:
        Handshake(ctx, connection, options, connection.dane).run(on_connect=on_connect)
    except HandshakeError as error:
        _dane_failed(ctx, options, connection, offered=True, why=error.text)
        raise TlsFailure(error.text, retry_in_clear=clear, report=error.result) from error
    if on_connect:
        return
    connection.new_session()
    first_words(ctx, connection, options, introduce, clear=clear)


def _avoided(ctx: Context, connection: Connection, options: Any) -> bool:
    host = connection.host
    if host_matches(ctx, options.hosts_avoid_tls, host.name, host.address):
        return True
    return connection.verifying and host_matches(ctx, options.hosts_verify_avoid_tls, host.name, host.address)


def _agreed(ctx: Context, connection: Connection, options: Any, *, needed: bool) -> bool:
    """STARTTLS; False when the session goes on in clear. Raises Failure."""
    connection.startup.append("STARTTLS")
    reply = connection.command("STARTTLS")
    kind = reply.code // 100
    if kind == 2:
        if not connection.reader.idle:
            # What came with the answer came from somebody who could not encrypt it.
            raise TlsFailure("the server sent data after its answer to STARTTLS", retry_in_clear=False)
        return True
    if needed:
        _dane_failed(ctx, options, connection, offered=False)
        raise _not_supported(_NOT_STARTED)
    if kind != 5 and not options.tls_tempfail_tryclear:
        raise refused("STARTTLS", reply)
    return False


def first_words(
    ctx: Context, connection: Connection, options: Any, say: Callable[[Context, Connection, Any], None], *, clear: bool
) -> None:
    """The first exchange inside TLS. A server that wants a certificate of ours tells so only now (TLS 1.3), and what
    it gives for resuming comes now too. Raises Failure."""
    try:
        say(ctx, connection, options)
    except Failure as failure:
        if failure.errno in _GONE:
            _dane_failed(ctx, options, connection, offered=True, why="error on first read")
            raise TlsFailure("error on first read", retry_in_clear=clear) from failure
        raise
    connection.keep_sessions()


def _dane_failed(ctx: Context, options: Any, connection: Connection, *, offered: bool, why: str = "") -> None:
    if connection.dane is not None:
        from .dane import tell_failure

        tell_failure(ctx, options, connection.host, offered=offered, why=why)
