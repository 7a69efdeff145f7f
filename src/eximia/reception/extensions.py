"""Where TLS and authentication join a session.

TLS is offered where the OpenSSL binding is there; a `ServerTls` under `reception.tls` takes its place (tests). AUTH is
offered when there are authenticators.
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

    def start(self, session: SmtpSession, *, on_connect: bool, early: bytes = b"") -> bool:
        """Say `220 TLS go ahead` (unless `on_connect`), make the handshake, put the encrypted stream in
        `session.stream` and its facts in the Session. `early` is sent within the handshake if that can be done; whether
        it was. Raises SessionOver when it fails."""


class ServerAuth(Protocol):
    """The server sides of the authenticators."""

    def mechanisms(self, session: SmtpSession) -> list[str]:
        """What AUTH offers now."""

    def authenticate(self, session: SmtpSession, mechanism: str, initial: str | None) -> None:
        """Carry out an exchange and answer it."""


def server_tls(process: Process) -> ServerTls | None:
    """None where there is no TLS."""
    caches = process.caches
    if "reception.tls" not in caches:
        from .encryption import ENCRYPTION

        caches["reception.tls"] = ENCRYPTION
    found: ServerTls | None = caches["reception.tls"]
    return found


def server_auth(process: Process) -> ServerAuth | None:
    """None when the configuration has no authenticators that take part on the server's side."""
    caches = process.caches
    if "reception.auth" not in caches:
        caches["reception.auth"] = _auth_of(process)
    found: ServerAuth | None = caches["reception.auth"]
    return found


def _auth_of(process: Process) -> ServerAuth | None:
    if not process.config.authenticators:
        return None
    from eximia.authenticators.server import is_server

    from .authentication import AUTHENTICATION

    return AUTHENTICATION if any(is_server(one) for one in process.config.authenticators) else None
