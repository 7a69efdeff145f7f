"""AUTH of a client's session (manual 33.5). The mechanisms are in `authenticators`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.context.delivery import Errno
from eximia.transports.strings import host_matches

from .failure import Failure, Fault

if TYPE_CHECKING:
    from eximia.authenticators.outcome import ClientReply
    from eximia.context import Context

    from .connection import Connection


class _Dialogue:
    """The connection as authenticators use it."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def command(self, line: str) -> ClientReply:
        from eximia.authenticators.outcome import ClientReply

        reply = self._connection.command(line)
        return ClientReply(reply.code, reply.text)


def authenticate(ctx: Context, connection: Connection, options: Any) -> None:
    """Authenticate where the options want it. Raises Failure."""
    host = connection.host
    required = host_matches(ctx, options.hosts_require_auth, host.name, host.address)
    if not required and not host_matches(ctx, options.hosts_try_auth, host.name, host.address):
        return
    if not connection.peer.auth:
        if required:
            raise _required("server did not advertise AUTH support")
        return
    from eximia.authenticators.client import authenticate as run

    end = run(ctx, connection.peer.auth, _Dialogue(connection))
    if end.authenticator:
        connection.authenticated = end.authenticator
        connection.auth_facts = (end.id, "")
    elif end.expansion:
        raise Failure(end.expansion, Errno.AUTH_PROBLEM, Fault.LOCAL, log=False)
    elif end.temporary is not None:
        reply = end.temporary
        text = f"SMTP error from remote mail server after {end.command}: {reply.text}"
        raise Failure(text, 0, more_errno=(reply.code % 100) << 8)
    elif required:
        raise _required("authentication attempt(s) failed" if end.tried else "no common mechanisms were found")


def _required(why: str) -> Failure:
    return Failure(f"authentication required but {why}", Errno.AUTH_FAIL, Fault.LOCAL, log=False)
