"""Options of the cram_md5 authenticator (manual chapter 35)."""

from __future__ import annotations

from eximia.base.options import Kind, option
from eximia.base.template import Template

from .generic import AuthenticatorOptions


class CramMd5Options(AuthenticatorOptions):
    """CRAM-MD5."""

    client_name: Template | None = option(Kind.EXPAND, "The user name we give.")
    client_secret: Template | None = option(Kind.EXPAND, "Our secret.", secret=True)
    server_secret: Template | None = option(Kind.EXPAND, "The user's secret.", secret=True)
