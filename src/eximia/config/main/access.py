"""Main options about who may do what at the SMTP door (manual 14.? "Incoming SMTP messages" and "Policy controls")."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class AccessOptions(OptionSet):
    """Hosts, advertising and verification."""

    auth_advertise_hosts: Template = option(
        Kind.HOST_LIST,
        "Clients to which AUTH is advertised.",
        default=Template("*"),
    )
    callout_domain_negative_expire: int = option(
        Kind.TIME,
        "How long a domain that refused a callout is remembered.",
        default=10800,
    )
    callout_domain_positive_expire: int = option(
        Kind.TIME,
        "How long a domain that accepted a callout is remembered.",
        default=604800,
    )
    callout_negative_expire: int = option(
        Kind.TIME,
        "How long an address that a callout found bad is remembered.",
        default=7200,
    )
    callout_positive_expire: int = option(
        Kind.TIME,
        "How long an address that a callout found good is remembered.",
        default=86400,
    )
    callout_random_local_part: Template = option(
        Kind.EXPAND,
        "The local part that random callout checks ask about.",
        default=Template("$primary_hostname-$tod_epoch-testing"),
    )
    chunking_advertise_hosts: Template = option(
        Kind.HOST_LIST,
        "Clients to which CHUNKING (BDAT) is advertised.",
        default=Template("*"),
    )
    dsn_advertise_hosts: Template | None = option(Kind.HOST_LIST, "Clients to which DSN is advertised.")
    helo_accept_junk_hosts: Template | None = option(Kind.HOST_LIST, "Clients whose HELO may contain anything.")
    helo_allow_chars: Untainted | None = option(Kind.STRING, "Further characters that a HELO name may contain.")
    helo_lookup_domains: Template = option(
        Kind.DOMAIN_LIST,
        "HELO names for which the client's real name is looked up.",
        default=Template("@ : @[]"),
    )
    helo_try_verify_hosts: Template | None = option(
        Kind.HOST_LIST,
        "Clients whose HELO name is verified without refusing those that fail.",
    )
    helo_verify_hosts: Template | None = option(Kind.HOST_LIST, "Clients whose HELO name must verify.")
    host_lookup: Template | None = option(Kind.HOST_LIST, "Clients whose name is looked up when they connect.")
    host_lookup_order: Template = option(
        Kind.STRING_LIST,
        "Where host names are looked up, in which order.",
        default=Template("bydns:byaddr"),
    )
    host_reject_connection: Template | None = option(
        Kind.HOST_LIST,
        "Clients that are turned away at once; ACLs do it better.",
    )
    hosts_connection_nolog: Template | None = option(Kind.HOST_LIST, "Clients whose connections are not logged.")
    hosts_proxy: Template | None = option(
        Kind.HOST_LIST,
        "Proxies from which the PROXY protocol is expected.",
        old_names=("proxy_required_hosts",),
    )
    hosts_require_alpn: Template | None = option(Kind.HOST_LIST, "TLS clients that must negotiate a protocol by ALPN.")
    hosts_require_helo: Template = option(
        Kind.HOST_LIST,
        "Clients that must say HELO or EHLO before MAIL.",
        default=Template("*"),
    )
    hosts_treat_as_local: Template | None = option(
        Kind.DOMAIN_LIST,
        "Hosts that count as this host when routing finds them.",
    )
    hosts_xclient: Template | None = option(Kind.HOST_LIST, "Clients to which XCLIENT is advertised.")
    limits_advertise_hosts: Template = option(
        Kind.HOST_LIST,
        "Clients to which LIMITS is advertised.",
        default=Template("*"),
    )
    pipelining_advertise_hosts: Template = option(
        Kind.HOST_LIST,
        "Clients to which PIPELINING is advertised.",
        default=Template("*"),
    )
    pipelining_connect_advertise_hosts: Template = option(
        Kind.HOST_LIST,
        "Clients to which pipelining from the connection on is advertised.",
        default=Template("*"),
    )
    proxy_protocol_timeout: int = option(Kind.TIME, "How long a proxy may take to send its header.", default=3)
    recipient_unqualified_hosts: Template | None = option(Kind.HOST_LIST, "Clients whose recipients may lack a domain.")
    rfc1413_hosts: Template = option(
        Kind.HOST_LIST,
        "Clients that are asked for the user's name by RFC 1413.",
        default=Template("@[]"),
    )
    rfc1413_query_timeout: int = option(
        Kind.TIME,
        "How long such a question may take; zero: none are asked.",
        default=0,
    )
    sender_unqualified_hosts: Template | None = option(Kind.HOST_LIST, "Clients whose senders may lack a domain.")
    requiretls_advertise_hosts: Template | None = option(
        Kind.HOST_LIST,
        "Clients to which REQUIRETLS is advertised inside TLS; with it `TLS-Required: No` is obeyed, too (RFC 8689).",
        own=True,
    )
    smtputf8_advertise_hosts: Template = option(
        Kind.HOST_LIST,
        "Clients to which SMTPUTF8 is advertised.",
        default=Template("*"),
    )
    wellknown_advertise_hosts: Template | None = option(Kind.HOST_LIST, "Clients to which WELLKNOWN is advertised.")
