"""What is known of one SMTP connection, or of one call of the command line.

For a message that is delivered from the spool a Session is made again from the facts in its `-H` file, so that
variables such as `$sender_host_address` answer as they did at reception.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eximia.base.dataclass import dataclass, field


@dataclass(slots=True)
class TlsFacts:
    """One side's TLS connection, as `$tls_in_*` or `$tls_out_*` show it. Empty when there is none."""

    version: str = ""
    cipher: str = ""
    cipher_std: str = ""
    bits: int = 0
    certificate_verified: bool = False
    dane: bool = False
    tlsa_usage: int = 0
    peerdn: str = ""
    sni: str = ""
    ocsp: int = 0
    resumption: int = 0
    #: RFC 9266 or RFC 5929; worked out when it is asked for
    channel_binding: Callable[[], bytes] = bytes
    #: certificates as DER, for ${certextract}
    our_certificate: bytes = b""
    peer_certificate: bytes = b""
    on_connect: bool = False

    @property
    def active(self) -> bool:
        return bool(self.version)


@dataclass(slots=True)
class ProxyFacts:
    """What a proxy (PROXY protocol, XCLIENT) told us (features row 18)."""

    session: bool = False
    #: XCLIENT was obeyed; the command stays open to the front end, whoever it speaks for
    xclient: bool = False
    local_address: str = ""
    local_port: int = 0
    external_address: str = ""
    external_port: int = 0


# Known by identity; making the other methods of so many fields would cost milliseconds at every start.
@dataclass(slots=True, repr=False, eq=False)
class Session:
    """See the module's docstring. Text fields are plain `str` (tainted) unless said otherwise."""

    #: true while an SMTP dialogue runs (also -bs and -bh)
    smtp: bool = False
    #: -bs or -bS: SMTP over standard input
    smtp_stdin: bool = False
    smtp_batched: bool = False
    #: a connection that inetd has accepted
    via_inetd: bool = False
    #: -bh: nothing is delivered, commentary is written
    host_checking: bool = False
    #: -bhc: callouts are made all the same
    callouts: bool = False

    # The client
    sender_host_address: str = ""  #: empty for local submission
    sender_host_port: int = 0
    sender_host_name: str = ""  #: empty until looked up or when there is none
    sender_host_aliases: tuple[str, ...] = ()
    sender_host_dnssec: bool = False
    #: None: not looked up yet; False: looked up, nothing found; True: found
    host_name_known: bool | None = None
    host_lookup_deferred: bool = False
    sender_helo_name: str = ""
    helo_verified: bool = False
    helo_verify_failed: bool = False
    helo_dnssec: bool = False
    sender_ident: str = ""
    #: the address and port the client connected to
    interface_address: str = ""
    interface_port: int = 0

    # The dialogue
    esmtp: bool = False
    active_hostname: str = ""
    #: the last command line, and its argument
    smtp_command: str = ""
    smtp_command_argument: str = ""
    #: commands seen, for the "no MAIL" log line (C=EHLO,QUIT)
    command_history: list[str] = field(default_factory=list)
    connection_id: str = ""
    connected_at: float = 0.0
    count_at_connection_start: int = 0
    messages_accepted: int = 0
    notquit_reason: str = ""
    pipelining_advertised: bool = False
    pipelining_used: bool = False
    #: PIPE_CONNECT: offered, and the client sent before our greeting
    early_pipe_advertised: bool = False
    early_pipe_used: bool = False
    #: DATA or BDAT has come: PIPE_CONNECT is offered no more
    early_pipe_over: bool = False
    chunking_offered: bool = False
    #: "offered", "used" ... as $chunking_state shows it
    chunking_state: str = "not_offered"
    smtputf8_advertised: bool = False
    dsn_advertised: bool = False
    #: the client has become the server: deliveries to it go over its connection (`transports.smtp.turned`)
    turned: Any = None
    #: the PRDR ACL is running
    answering_for_each: bool = False
    prdr_requested: bool = False
    enforce_sync: bool = True
    multiline_responses: bool = True
    no_callout_flush: bool = False
    no_delay_flush: bool = False
    #: control=no_pipelining: PIPELINING is not offered from now on
    no_pipelining: bool = False
    #: control=dscp: sets the traffic class of the client's connection; None where there is no connection
    set_traffic_class: Callable[[int], None] | None = None
    #: control=wellknown: what answers the WELLKNOWN command
    wellknown_data: bytes | None = None
    #: send what replies are pending (before a delay or a callout); None where there is no client to wait
    flush: Callable[[], None] | None = None

    # Authentication
    authenticated_id: str = ""
    #: name of the authenticator that succeeded
    sender_host_authenticated: str = ""
    authenticated_sender: str = ""
    authenticated_fail_id: str = ""
    authentication_failed: bool = False
    allow_auth_unadvertised: bool = False
    auth_vars: list[str] = field(default_factory=list)

    tls_in: TlsFacts = field(default_factory=TlsFacts)
    proxy: ProxyFacts = field(default_factory=ProxyFacts)

    #: $acl_c_* variables; the name is what follows `acl_c`
    acl_vars: dict[str, str] = field(default_factory=dict)

    # Results of ACL conditions that live as long as the connection
    #: what the last failed verification said; cleared at the end of each ACL statement
    acl_verify_message: str = ""
    csa_status: str = ""
    dnslist_domain: str = ""
    dnslist_matched: str = ""
    dnslist_text: str = ""
    dnslist_value: str = ""
    sender_rate: str = ""
    sender_rate_limit: str = ""
    sender_rate_period: str = ""
    host_data: str = ""  #: may be Untainted
    lookup_dnssec_authenticated: str = ""

    #: flags that every message of the session gets, by their names in `Message`: what controls said before MAIL
    message_flags: set[str] = field(default_factory=set)
    #: facts kept by the parts of the program for themselves, by owner (callout caches, ACL bookkeeping)
    notes: dict[str, Any] = field(default_factory=dict)
