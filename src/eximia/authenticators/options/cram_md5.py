"""Options of the cram_md5 authenticator (manual chapter 35)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from eximia.base.options import Kind, option
from eximia.base.template import Template

from .generic import AuthenticatorOptions


class CramMd5Options(AuthenticatorOptions):
    """CRAM-MD5."""

    server_when: ClassVar[str] = "server_secret"
    client_when: ClassVar[str] = "client_secret"

    client_name: Template | None = option(Kind.EXPAND, "The user name we give.")
    client_secret: Template | None = option(Kind.EXPAND, "Our secret.", secret=True)
    server_secret: Template | None = option(Kind.EXPAND, "The user's secret.", secret=True)

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        used = values["server_secret"] is not None or values["client_secret"] is not None
        if used and "public_name" not in given:
            yield "\n  no public name specified for the {name} authenticator"
