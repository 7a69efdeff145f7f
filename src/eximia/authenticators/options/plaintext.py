"""Options of the plaintext authenticator (manual chapter 34)."""

from __future__ import annotations

from eximia.base.options import Kind, option
from eximia.base.template import Template

from .generic import AuthenticatorOptions


class PlaintextOptions(AuthenticatorOptions):
    """PLAIN and LOGIN."""

    client_ignore_invalid_base64: bool = option(Kind.BOOL, "Prompts that are no base64 are ignored.", default=False)
    client_send: Template | None = option(Kind.EXPAND, "What we send, item by item.", secret=True)
    server_prompts: Template | None = option(Kind.EXPAND, "What we prompt for.")
