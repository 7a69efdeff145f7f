"""Options of the dnslookup router (manual chapter 17)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, option
from eximia.base.template import Template

from .generic import RouterOptions, transport_required


class DnslookupOptions(RouterOptions):
    """Hosts come from the DNS."""

    check_secondary_mx: bool = option(Kind.BOOL, "Take the address only if this host is a secondary MX.", default=False)
    check_srv: Template | None = option(Kind.EXPAND, "SRV service names to look for before MX.")
    fail_defer_domains: Template | None = option(Kind.DOMAIN_LIST, "Domains for which a failed look-up defers.")
    ipv4_only: Template | None = option(Kind.EXPAND, "Whether only IPv4 addresses are looked up.")
    ipv4_prefer: Template | None = option(Kind.EXPAND, "Whether IPv4 addresses come before IPv6 ones.")
    mx_domains: Template | None = option(Kind.DOMAIN_LIST, "Domains that must have an MX (or SRV) record.")
    mx_fail_domains: Template | None = option(
        Kind.DOMAIN_LIST,
        'Domains for which a failed MX look-up counts as "no record".',
    )
    qualify_single: bool = option(Kind.BOOL, "The resolver completes names of one component.", default=True)
    rewrite_headers: bool = option(Kind.BOOL, "Headers are changed when a name was completed.", default=True)
    same_domain_copy_routing: bool = option(Kind.BOOL, "All addresses of a domain are routed alike.", default=False)
    search_parents: bool = option(Kind.BOOL, "The resolver searches parent domains.", default=False)
    srv_fail_domains: Template | None = option(
        Kind.DOMAIN_LIST,
        'Domains for which a failed SRV look-up counts as "no record".',
    )
    widen_domains: Template | None = option(Kind.STRING_LIST, "Domains that are appended when a name is not found.")

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        yield from transport_required(values)
