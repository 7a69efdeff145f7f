"""Options of the iplookup router (manual chapter 19)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, option
from eximia.base.template import Template
from eximia.base.text import Untainted

from .generic import RouterOptions, transport_forbidden


class IplookupOptions(RouterOptions):
    """An address is changed by asking a server."""

    hosts: Untainted | None = option(Kind.STRING, "The servers.")
    optional: bool = option(Kind.BOOL, "No answer is no error.", default=False)
    port: int = option(Kind.INTEGER, "The port.", default=0)
    protocol: Untainted | None = option(Kind.STRING, "udp (default) or tcp.")
    query: Template | None = option(Kind.EXPAND, "What is asked.")
    reroute: Template | None = option(Kind.EXPAND, "The new address, made from the answer.")
    response_pattern: Untainted | None = option(Kind.STRING, "The pattern the answer must match.")
    timeout: int = option(Kind.TIME, "How long an answer may take.", default=5)

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        yield from transport_forbidden(values)
        if "port" not in given or values["port"] < 0:
            yield "a port must be specified"
        if values["hosts"] is None:
            yield "a host list must be specified"
        if values["protocol"] not in (None, "udp", "tcp"):
            yield "protocol not specified as udp or tcp"
