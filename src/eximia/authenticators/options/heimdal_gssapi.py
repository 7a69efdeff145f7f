"""Options of the heimdal_gssapi authenticator (manual chapter 39)."""

from __future__ import annotations

from typing import ClassVar

from eximia.base.options import Kind, Sink, option
from eximia.base.template import Template

from .generic import AuthenticatorOptions


class HeimdalGssapiOptions(AuthenticatorOptions):
    """GSSAPI."""

    server_when: ClassVar[str] = "driver"
    client_when: ClassVar[str] = "no"

    server_hostname: Template = option(
        Kind.EXPAND,
        "The host name of the service.",
        default=Template("$primary_hostname"),
    )
    server_keytab: Template | None = option(Kind.EXPAND, "The keytab.", sink=Sink.FILE_NAME)
    server_service: Template = option(Kind.EXPAND, "The service.", default=Template("smtp"))
