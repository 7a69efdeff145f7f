"""Main options about incoming SMTP connections and their limits (manual 13 and 14)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class SmtpOptions(OptionSet):
    """The SMTP server."""

    accept_8bitmime: bool = option(Kind.BOOL, "8BITMIME is advertised and BODY= accepted.", default=True)
    daemon_smtp_ports: Untainted = option(
        Kind.STRING,
        "The ports the daemon listens on.",
        default=Untainted("smtp"),
        old_names=("daemon_smtp_port",),
    )
    daemon_startup_retries: int = option(Kind.INTEGER, "How often binding a busy port is tried again.", default=9)
    daemon_startup_sleep: int = option(Kind.TIME, "The pause between such tries.", default=30)
    extra_local_interfaces: Template | None = option(Kind.STRING_LIST, "More addresses that count as this host's.")
    disable_ipv6: bool = option(Kind.BOOL, "No IPv6: no connections, no AAAA look-ups.", default=False)
    local_interfaces: Template = option(
        Kind.STRING_LIST,
        "The addresses (and ports) the daemon listens on.",
        default=Template("<; ::0 ; 0.0.0.0"),
    )
    prdr_enable: bool = option(Kind.BOOL, "PRDR is advertised.", default=False)
    recipients_max: Template = option(
        Kind.EXPAND_INTEGER,
        "The most recipients a message may have.",
        default=Template("50000"),
    )
    recipients_max_reject: bool = option(
        Kind.BOOL,
        "A message with too many recipients is refused as a whole.",
        default=False,
    )
    smtp_accept_keepalive: bool = option(Kind.BOOL, "Keep-alive probes are sent on incoming connections.", default=True)
    smtp_accept_max: int = option(Kind.INTEGER, "The most simultaneous incoming connections.", default=20)
    smtp_accept_max_nonmail: int = option(
        Kind.INTEGER,
        "The most commands of a connection that do not serve a mail transaction.",
        default=10,
    )
    smtp_accept_max_nonmail_hosts: Template = option(
        Kind.HOST_LIST,
        "Clients to which that limit applies.",
        default=Template("*"),
    )
    smtp_accept_max_per_connection: Template = option(
        Kind.EXPAND_INTEGER,
        "The most messages of one connection.",
        default=Template("1000"),
    )
    smtp_accept_max_per_host: Template | None = option(
        Kind.EXPAND_INTEGER,
        "The most simultaneous connections of one client.",
    )
    smtp_accept_queue: int = option(
        Kind.INTEGER,
        "With more connections than this, messages are only queued.",
        default=0,
    )
    smtp_accept_queue_per_connection: int = option(
        Kind.INTEGER,
        "Messages of one connection beyond this number are only queued.",
        default=10,
    )
    smtp_accept_reserve: int = option(Kind.INTEGER, "Connections kept for the hosts of smtp_reserve_hosts.", default=0)
    smtp_active_hostname: Template | None = option(Kind.EXPAND, "The name we give ourselves in a session.")
    smtp_backlog_monitor: int = option(
        Kind.INTEGER,
        "A backlog of waiting connections above this is logged.",
        default=0,
    )
    smtp_banner: Template = option(
        Kind.EXPAND,
        "The greeting.",
        default=Template("$smtp_active_hostname ESMTP Exim $version_number $tod_full"),
    )
    smtp_check_spool_space: bool = option(
        Kind.BOOL,
        "The SIZE of MAIL is compared with the free space of the spool.",
        default=True,
    )
    smtp_connect_backlog: int = option(Kind.INTEGER, "How many connections may wait to be accepted.", default=20)
    smtp_enforce_sync: bool = option(Kind.BOOL, "A client that talks too early is turned away.", default=True)
    smtp_etrn_command: Template | None = option(Kind.EXPAND, "The command that ETRN runs.", sink=Sink.COMMAND)
    smtp_etrn_serialize: bool = option(Kind.BOOL, "One ETRN of the same argument at a time.", default=True)
    smtp_load_reserve: int | None = option(Kind.FIXED, "Above this system load only smtp_reserve_hosts are served.")
    smtp_max_synprot_errors: int = option(
        Kind.INTEGER,
        "Syntax and protocol errors before the connection is dropped.",
        default=3,
    )
    smtp_max_unknown_commands: int = option(
        Kind.INTEGER,
        "Unknown commands before the connection is dropped.",
        default=3,
    )
    smtp_ratelimit_hosts: Template | None = option(
        Kind.HOST_LIST,
        "Clients slowed down by smtp_ratelimit_mail and smtp_ratelimit_rcpt.",
    )
    smtp_ratelimit_mail: Untainted | None = option(Kind.STRING, "How MAIL commands are slowed down.")
    smtp_ratelimit_rcpt: Untainted | None = option(Kind.STRING, "How RCPT commands are slowed down.")
    smtp_receive_timeout: int | Template = option(Kind.EXPAND_TIME, "How long we wait for the client.", default=300)
    smtp_reserve_hosts: Template | None = option(Kind.HOST_LIST, "Clients for which reserved connections are kept.")
    smtp_return_error_details: bool = option(
        Kind.BOOL,
        "The client is told more about why verification failed.",
        default=False,
    )
    strict_acl_vars: bool = option(Kind.BOOL, "Using an ACL variable that is not set is an error.", default=False)
    tcp_nodelay: bool = option(Kind.BOOL, "TCP_NODELAY is set on listening sockets.", default=True)
