"""Where TLS and authentication join a session. The parts that do the work are given in `Process.caches`.

`reception.tls` is a `ServerTls`; without it TLS is not offered. AUTH is offered when there are authenticators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from eximia.context import Process

    from .session import SmtpSession


class ServerTls(Protocol):
    """TLS for incoming connections."""

    def available(self, session: SmtpSession) -> bool:
        """Whether TLS can be started on this session's stream."""

    def start(self, session: SmtpSession, *, on_connect: bool) -> None:
        """Say `220 TLS go ahead` (unless `on_connect`), make the handshake, put the encrypted stream in
        `session.stream` and its facts in the Session. Raises SessionOver when it fails."""


class ServerAuth(Protocol):
    """The server sides of the authenticators."""

    def mechanisms(self, session: SmtpSession) -> list[str]:
        """What AUTH offers now."""

    def authenticate(self, session: SmtpSession, mechanism: str, initial: str | None) -> None:
        """Carry out an exchange and answer it."""


def server_tls(process: Process) -> ServerTls | None:
    found: ServerTls | None = process.caches.get("reception.tls")
    return found


def server_auth(process: Process) -> ServerAuth | None:
    """None when the configuration has no authenticators."""
    if not process.config.authenticators:
        return None
    from .authentication import AUTHENTICATION

    return AUTHENTICATION
