"""Options of the external authenticator (manual chapter 41)."""

from __future__ import annotations

from eximia.base.options import Kind, option
from eximia.base.template import Template

from .generic import AuthenticatorOptions


class ExternalOptions(AuthenticatorOptions):
    """EXTERNAL."""

    client_send: Template | None = option(Kind.EXPAND, "What we send.")
    server_param2: Template | None = option(Kind.EXPAND, "Sets $auth2.")
    server_param3: Template | None = option(Kind.EXPAND, "Sets $auth3.")
