"""Options of the dovecot authenticator (manual chapter 37)."""

from __future__ import annotations

from typing import ClassVar

from eximia.base.options import Kind, Sink, option
from eximia.base.text import Untainted

from .generic import AuthenticatorOptions


class DovecotOptions(AuthenticatorOptions):
    """Dovecot decides."""

    server_when: ClassVar[str] = "server_socket"
    client_when: ClassVar[str] = "no"

    server_socket: Untainted | None = option(
        Kind.STRING,
        "Dovecot's socket, or a host and a port.",
        sink=Sink.FILE_NAME,
    )
