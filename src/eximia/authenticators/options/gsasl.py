"""Options of the gsasl authenticator (manual chapter 38)."""

from __future__ import annotations

from typing import ClassVar

from eximia.base.options import Kind, option
from eximia.base.template import Template
from eximia.base.text import Untainted

from .generic import AuthenticatorOptions


class GsaslOptions(AuthenticatorOptions):
    """SASL mechanisms, SCRAM among them."""

    server_when: ClassVar[str] = "driver"
    client_when: ClassVar[str] = "client_username"

    client_authz: Template | None = option(Kind.EXPAND, "The identity we ask to act as.")
    client_channelbinding: bool = option(Kind.BOOL, "We bind the exchange to the TLS connection.", default=False)
    client_password: Template | None = option(Kind.EXPAND, "Our password.", secret=True)
    client_spassword: Template | None = option(Kind.EXPAND, "Our salted password.", secret=True)
    client_username: Template | None = option(Kind.EXPAND, "Our user name.")
    server_channelbinding: bool = option(Kind.BOOL, "Binding to the TLS connection is offered.", default=False)
    server_hostname: Template = option(
        Kind.EXPAND,
        "The host name in the exchange.",
        default=Template("$primary_hostname"),
    )
    server_key: Template | None = option(Kind.EXPAND, "The stored ServerKey of SCRAM.", secret=True)
    server_mech: Untainted | None = option(Kind.STRING, "The mechanism; unset: public_name.")
    server_password: Template | None = option(Kind.EXPAND, "The user's password.", secret=True)
    server_realm: Template | None = option(Kind.EXPAND, "The realm.")
    server_scram_iter: Template = option(Kind.EXPAND, "The iteration count of SCRAM.", default=Template("4096"))
    server_scram_salt: Template | None = option(Kind.EXPAND, "The salt of SCRAM.")
    server_service: Untainted = option(Kind.STRING, "The service.", default=Untainted("smtp"))
    server_skey: Template | None = option(Kind.EXPAND, "The stored StoredKey of SCRAM.", secret=True)
