"""Options of the cyrus_sasl authenticator (manual chapter 36)."""

from __future__ import annotations

from typing import ClassVar

from eximia.base.options import Kind, option
from eximia.base.template import Template
from eximia.base.text import Untainted

from .generic import AuthenticatorOptions


class CyrusSaslOptions(AuthenticatorOptions):
    """Mechanisms of the Cyrus SASL library."""

    server_when: ClassVar[str] = "driver"
    client_when: ClassVar[str] = "no"

    server_hostname: Template = option(
        Kind.EXPAND,
        "The host name given to the library.",
        default=Template("$primary_hostname"),
    )
    server_mech: Untainted | None = option(Kind.STRING, "The mechanism; unset: public_name.")
    server_realm: Template | None = option(Kind.EXPAND, "The realm.")
    server_service: Untainted = option(Kind.STRING, "The service.", default=Untainted("smtp"))
