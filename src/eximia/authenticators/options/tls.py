"""Options of the tls authenticator (manual chapter 42)."""

from __future__ import annotations

from typing import ClassVar

from eximia.base.options import Kind, option
from eximia.base.template import Template

from .generic import AuthenticatorOptions


class TlsAuthenticatorOptions(AuthenticatorOptions):
    """A client certificate authenticates."""

    server_when: ClassVar[str] = "server_param1"
    client_when: ClassVar[str] = "no"

    server_param1: Template | None = option(Kind.EXPAND, "Sets $auth1.", old_names=("server_param",))
    server_param2: Template | None = option(Kind.EXPAND, "Sets $auth2.")
    server_param3: Template | None = option(Kind.EXPAND, "Sets $auth3.")
