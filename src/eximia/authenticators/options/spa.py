"""Options of the spa authenticator (manual chapter 40)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from eximia.base.options import Kind, option
from eximia.base.template import Template

from .generic import AuthenticatorOptions


class SpaOptions(AuthenticatorOptions):
    """Microsoft's Secure Password Authentication."""

    server_when: ClassVar[str] = "server_password"
    client_when: ClassVar[str] = "client_password"

    client_domain: Template | None = option(Kind.EXPAND, "Our domain.")
    client_password: Template | None = option(Kind.EXPAND, "Our password.", secret=True)
    client_username: Template | None = option(Kind.EXPAND, "Our user name.")
    server_password: Template | None = option(Kind.EXPAND, "The user's password.", secret=True)

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        if (values["client_username"] is None) != (values["client_password"] is None):
            yield "one of client_username and client_password cannot be set without the other"
