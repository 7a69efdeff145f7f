"""TLS of a client's session (manual 43.7, 43.10, 43.16; RFC 3207)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.context.delivery import Errno
from eximia.transports.strings import host_matches

from .failure import Failure

if TYPE_CHECKING:
    from eximia.context import Context

    from .connection import Connection


def secure(ctx: Context, connection: Connection, options: Any, *, on_connect: bool) -> None:
    """Start TLS where the server and the options want it. Raises Failure."""
    if connection.tls.version:
        return
    host = connection.host
    required = host_matches(ctx, options.hosts_require_tls, host.name, host.address) or host.tls_required
    if on_connect or connection.peer.starttls:
        client = ctx.process.caches.get("tls.client")
        avoid = host_matches(ctx, options.hosts_avoid_tls, host.name, host.address)
        if client is not None and (on_connect or required or not avoid):
            client(ctx, connection, options, on_connect)
            return
    if required or on_connect:
        raise Failure("a TLS session is required, but the server did not offer TLS support", Errno.TLS_REQUIRED)
