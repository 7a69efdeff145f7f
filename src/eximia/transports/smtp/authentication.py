"""AUTH of a client's session (manual 33.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.context.delivery import Errno
from eximia.transports.strings import host_matches

from .failure import Failure, Fault

if TYPE_CHECKING:
    from eximia.context import Context

    from .connection import Connection


def authenticate(ctx: Context, connection: Connection, options: Any) -> None:
    """Authenticate where the options want it. Raises Failure."""
    host = connection.host
    required = host_matches(ctx, options.hosts_require_auth, host.name, host.address)
    if not required and not host_matches(ctx, options.hosts_try_auth, host.name, host.address):
        return
    if connection.peer.auth:
        client = ctx.process.caches.get("auth.client")
        if client is not None:
            client(ctx, connection, options, required)
        return
    if required:
        raise Failure(
            "authentication required but server did not advertise AUTH support",
            Errno.AUTH_FAIL,
            Fault.LOCAL,
            log=False,
        )
