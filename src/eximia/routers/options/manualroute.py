"""Options of the manualroute router (manual chapter 20)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, option
from eximia.base.template import Template
from eximia.base.text import Untainted

from .generic import RouterOptions


class ManualrouteOptions(RouterOptions):
    """Hosts come from the configuration."""

    host_all_ignored: Untainted = option(
        Kind.STRING,
        "What to do when all hosts are ignored.",
        default=Untainted("defer"),
    )
    host_find_failed: Untainted = option(
        Kind.STRING,
        "What to do when a host is not found.",
        default=Untainted("freeze"),
    )
    hosts_randomize: bool | Template = option(Kind.EXPAND_BOOL, "Hosts are tried in random order.", default=False)
    route_data: Template | None = option(Kind.EXPAND, "The route of the address.")
    route_list: Template | None = option(Kind.STRING_LIST, "Domains and their routes.")
    same_domain_copy_routing: bool = option(Kind.BOOL, "All addresses of a domain are routed alike.", default=False)

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        if (values["route_data"] is None) == (values["route_list"] is None):
            yield "route_list or route_data (but not both) must be specified"
        if values["host_find_failed"] not in _FAILED:
            yield "unrecognized setting for host_find_failed option"
        if values["host_all_ignored"] not in _FAILED - {"ignore"}:
            yield "unrecognized setting for host_all_ignored option"


_FAILED = frozenset({"decline", "defer", "fail", "freeze", "ignore", "pass"})
