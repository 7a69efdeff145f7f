"""AUTH of a client's session (manual 33.5): when, and what its end means for the delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.context.delivery import Errno
from eximia.protocols.smtp.client import Reply
from eximia.transports.strings import host_matches

from .failure import Failure, Fault, refused

if TYPE_CHECKING:
    from eximia.authenticators.outcome import ClientReply
    from eximia.context import Context

    from .connection import Connection


class _Dialogue:
    """What an authenticator talks to. Secrets are masked where a broken connection is reported."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._shown = "AUTH"

    def command(self, line: str) -> ClientReply:
        """One line and its reply. Raises Failure."""
        from eximia.authenticators.outcome import ClientReply

        if line.startswith("AUTH "):
            words = line.split(" ", 2)
            self._shown = " ".join(words[:2]) + (" ********" if len(words) > 2 else "")
        reply = self._connection.command(line, shown=self._shown)
        return ClientReply(reply.code, reply.text)


def authenticate(ctx: Context, connection: Connection, options: Any) -> None:
    """Authenticate where the options want it. Raises Failure."""
    host = connection.host
    required = host_matches(ctx, options.hosts_require_auth, host.name, host.address)
    if not required and not host_matches(ctx, options.hosts_try_auth, host.name, host.address):
        return
    offered = connection.peer.auth
    if not offered:
        if required:
            raise _required("server did not advertise AUTH support")
        return
    from eximia.authenticators.client import authenticate as try_all

    from .connection import raised

    def failed(reply: str) -> None:
        raised(ctx, options, "auth:fail", reply)

    end = try_all(ctx, offered, _Dialogue(connection), failed)
    if end.temporary is not None:
        raise refused(end.command, Reply(end.temporary.code, end.temporary.text))
    if end.expansion:
        raise Failure(end.expansion, Errno.AUTH_PROBLEM, Fault.LOCAL, log=False)
    if end.authenticator:
        connection.authenticated = end.authenticator
        connection.startup.append("AUTH")
        connection.auth_facts = (end.id, "")
    elif required:
        raise _required("authentication attempt(s) failed" if end.tried else "no common mechanisms were found")


def _required(why: str) -> Failure:
    return Failure(
        f"authentication required but {why}", Errno.AUTH_FAIL, log=False, with_host=False, pass_message=False
    )
