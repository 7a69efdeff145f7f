"""Options of the smtp transport (manual chapter 30)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, option
from eximia.base.template import Template
from eximia.base.text import Untainted

from .generic import TransportOptions
from .smtp_signing import SigningOptions
from .smtp_tls import ClientTlsOptions


class SmtpTransportOptions(SigningOptions, ClientTlsOptions, TransportOptions):
    """Deliveries to other hosts."""

    address_retry_include_sender: bool = option(
        Kind.BOOL,
        "Retry data for a recipient is kept for each sender.",
        default=True,
    )
    allow_localhost: bool = option(Kind.BOOL, "This host is delivered to like any other.", default=False)
    authenticated_sender: Template | None = option(Kind.EXPAND, "The AUTH parameter of MAIL.")
    authenticated_sender_force: bool = option(Kind.BOOL, "It is sent even if we did not authenticate.", default=False)
    command_timeout: int = option(Kind.TIME, "How long an answer to a command may take.", default=300)
    connect_timeout: int = option(Kind.TIME, "How long connecting may take.", default=300)
    connection_max_messages: int = option(Kind.INTEGER, "The most messages over one connection.", default=500)
    data_timeout: int = option(Kind.TIME, "How long sending a block of data may take.", default=300)
    delay_after_cutoff: bool = option(
        Kind.BOOL,
        "Hosts past their last retry are left alone until the next retry time.",
        default=True,
    )
    dns_qualify_single: bool = option(Kind.BOOL, "The resolver completes names of one component.", default=True)
    dns_search_parents: bool = option(Kind.BOOL, "The resolver searches parent domains.", default=False)
    dnssec_request_domains: Template = option(
        Kind.DOMAIN_LIST,
        "Domains for whose look-ups DNSSEC is asked.",
        default=Template("*"),
    )
    dnssec_require_domains: Template | None = option(Kind.DOMAIN_LIST, "Domains for whose look-ups DNSSEC is required.")
    dscp: Template | None = option(Kind.EXPAND, "The DSCP value of packets.")
    fallback_hosts: Template | None = option(Kind.EXPAND, "Hosts to try when all others are unavailable.")
    final_timeout: int = option(Kind.TIME, "How long the answer to the end of data may take.", default=600)
    gethostbyname: bool = option(Kind.BOOL, "Hosts are looked up by the system, not in the DNS.", default=False)
    helo_data: Template = option(Kind.EXPAND, "The name given in HELO.", default=Template("$primary_hostname"))
    host_name_extract: Template = option(
        Kind.STRING_LIST,
        "How a server's real name is found in its EHLO answer.",
        default=Template("${if and {{match{$host}{.outlook.com\\$}} {match{$item}{\\N^250-([\\w.]+)\\s\\N}}} {$1}}"),
    )
    hosts: Template | None = option(Kind.EXPAND, "The hosts, when the router gave none.")
    hosts_avoid_esmtp: Template | None = option(Kind.HOST_LIST, "Hosts for which HELO is used.")
    hosts_avoid_pipelining: Template | None = option(Kind.HOST_LIST, "Hosts for which PIPELINING is not used.")
    hosts_max_try: int = option(Kind.INTEGER, "How many hosts are tried.", default=5)
    hosts_max_try_hardlimit: int = option(
        Kind.INTEGER,
        "How many hosts are tried at all, those not due included.",
        default=50,
    )
    hosts_override: bool = option(Kind.BOOL, "The hosts here override the router's.", default=False)
    hosts_pipe_connect: Template | None = option(
        Kind.HOST_LIST,
        "Hosts for which commands are sent with the connection.",
    )
    hosts_randomize: bool | Template = option(Kind.EXPAND_BOOL, "Hosts are tried in random order.", default=False)
    hosts_require_auth: Template | None = option(Kind.HOST_LIST, "Hosts at which we must authenticate.")
    hosts_try_auth: Template | None = option(Kind.EXPAND, "Hosts at which we try to authenticate.")
    hosts_try_chunking: Template = option(Kind.HOST_LIST, "Hosts for which BDAT is used.", default=Template("*"))
    hosts_try_fastopen: Template = option(
        Kind.HOST_LIST,
        "Hosts for which TCP Fast Open is used.",
        default=Template("*"),
    )
    hosts_try_prdr: Template = option(Kind.HOST_LIST, "Hosts for which PRDR is used.", default=Template("*"))
    interface: Template | None = option(Kind.EXPAND, "Our address for connections.")
    keepalive: bool = option(Kind.BOOL, "Keep-alive probes are sent.", default=True)
    lmtp_ignore_quota: bool = option(Kind.BOOL, "IGNOREQUOTA is used when offered.", default=False)
    max_rcpt: Template = option(Kind.EXPAND_INTEGER, "The most recipients of one transaction.", default=Template("100"))
    message_linelength_limit: int = option(Kind.INTEGER, "Messages with longer lines are not sent.", default=998)
    multi_domain: bool | Template = option(
        Kind.EXPAND_BOOL,
        "One transaction may have recipients in several domains.",
        default=True,
    )
    port: Template = option(Kind.EXPAND, "The port.", default=Template("smtp"))
    protocol: Untainted = option(Kind.STRING, "smtp, lmtp or smtps.", default=Untainted("smtp"))
    retry_include_ip_address: bool | Template = option(
        Kind.EXPAND_BOOL,
        "Retry data of hosts is kept for each address.",
        default=True,
    )
    serialize_hosts: Template | None = option(Kind.HOST_LIST, "Hosts to which there is one connection at a time.")
    size_addition: int = option(Kind.INTEGER, "What is added to the SIZE we give.", default=1024)
    socks_proxy: Template | None = option(Kind.EXPAND, "The SOCKS proxies to go through.")
    tpda_host_defer_action: Template | None = option(Kind.EXPAND, "Expanded when a host defers.")
    utf8_downconvert: Template = option(
        Kind.EXPAND_INTEGER,
        "Whether addresses are converted from UTF-8.",
        default=Template("-1"),
    )

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        if values["shadow_transport"] is not None:
            yield "\n  shadow transport not allowed on non-local transport {name}"
        if not (values["command_timeout"] and values["data_timeout"] and values["final_timeout"]):
            yield "\n  command, data, or final timeout value is zero for {name} transport"
