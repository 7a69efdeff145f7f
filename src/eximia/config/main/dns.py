"""Main options about the DNS (manual 14)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class DnsOptions(OptionSet):
    """How names are looked up."""

    allow_mx_to_ip: bool = option(Kind.BOOL, "MX records that point to addresses are accepted.", default=False)
    dns_again_means_nonexist: Template | None = option(
        Kind.DOMAIN_LIST,
        'Domains for which a temporary failure counts as "does not exist".',
    )
    dns_check_names_pattern: Untainted = option(
        Kind.STRING,
        "The pattern of names that are looked up at all.",
        default=Untainted("(?i)^(?>(?(1)\\.|())[^\\W](?>[a-z0-9/_-]*[^\\W])?)+(\\.?)$"),
    )
    dns_cname_loops: int = option(
        Kind.INTEGER,
        "How many CNAME records in a row are followed by further questions.",
        default=1,
    )
    dns_csa_search_limit: int = option(Kind.INTEGER, "How many parent domains are searched for CSA records.", default=5)
    dns_csa_use_reverse: bool = option(
        Kind.BOOL,
        "CSA records are searched in the reverse tree for address literals.",
        default=True,
    )
    dns_dnssec_ok: int = option(Kind.INTEGER, "Whether DNSSEC is asked for; -1: as the resolver is set.", default=-1)
    dns_ipv4_lookup: Template | None = option(Kind.DOMAIN_LIST, "Domains for which no AAAA records are looked up.")
    dns_retrans: int = option(
        Kind.TIME,
        "How long the resolver waits before it asks again; zero: its default.",
        default=0,
    )
    dns_retry: int = option(Kind.INTEGER, "How often it asks; zero: its default.", default=0)
    dns_trust_aa: Template | None = option(
        Kind.DOMAIN_LIST,
        "Domains for which an authoritative answer counts as DNSSEC-verified.",
    )
    dns_use_edns0: int = option(Kind.INTEGER, "Whether EDNS0 is used; -1: as the resolver is set.", default=-1)
