"""What routing hands to transports and transports hand back: hosts, addresses on their way, outcomes.

`Address` is one address between the envelope and its end: it came from the envelope or from a router (alias,
forward file, filter, `unseen` copy), carries what the routers decided for it, and at last an `Outcome`.
Values only; the work is done in `routers`, `transports` and `delivery`. Manual chapters 3.8 to 3.17, 20, 48.17.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, Final

from eximia.base.dataclass import dataclass, field
from eximia.base.text import EMPTY, Untainted

if TYPE_CHECKING:
    from .session import TlsFacts


class Errno(IntEnum):
    """The numbers below zero that log lines (`defer (-44)`) and retry records show; above zero it is errno(3)."""

    NONE = 0
    UNKNOWN = -1
    #: a mailbox's kind of file, or number of links; what should be a directory
    NOT_REGULAR = -4
    NOT_DIRECTORY = -5
    #: a mailbox's owner or group, its mode; it is another one once it is open; locking it
    BAD_OWNER = -6
    BAD_MODE = -7
    CHANGED = -8
    LOCK_FAILED = -9
    #: redirection data could not be read as a list of addresses
    BAD_REDIRECT = -17
    #: the remote host closed the connection
    CONNECTION_CLOSED = -18
    #: an answer that is no SMTP reply
    SMTP_FORMAT = -19
    #: a file name that is not absolute
    NOT_ABSOLUTE = -21
    #: the transport's own quota; `more_errno` is the number of seconds since the mailbox was read
    QUOTA = -22
    #: the transport filter failed
    FILTER_FAIL = -24
    #: headers_add, headers_remove could not be expanded while the message was written
    HEADERS_FAIL = -25
    #: a setting for this host (helo_data, authenticated_sender) could not be expanded
    HOST_EXPAND_FAIL = -27
    #: the group, the user of a local delivery cannot be found or may not be used
    BAD_GROUP = -28
    BAD_USER = -29
    EXPAND_FAIL = -30
    UNKNOWN_HOST = -32
    #: the start of a mailbox is of no known format
    UNKNOWN_FORMAT = -33
    #: a file may not be made in this place
    NOT_CREATED = -34
    #: a list cannot be looked through for now
    LIST_DEFER = -35
    #: the DNS gives no answer about a host, or about its TLSA records
    DNS_DEFER = -36
    TLS_FAILURE = -37
    TLS_REQUIRED = -38
    AUTH_FAIL = -42
    #: 4xx to RCPT, MAIL, DATA: `more_errno` has the last two digits in its high byte
    RCPT_4XX = -44
    MAIL_4XX = -45
    DATA_4XX = -46
    #: an expansion of an authenticator failed
    AUTH_PROBLEM = -48
    #: a host of the transport's list is ourselves
    HOST_IS_LOCAL = -50
    #: nothing was tried because the retry time is not reached: routing, local transport, every host
    RETRY_ROUTING = -52
    RETRY_LOCAL = -53
    RETRY_HOSTS = -54
    #: enough deliveries of the transport are running (`max_parallel`)
    CONCURRENCY = -57
    #: an event's action wanted something else
    EVENT = -58
    #: -ql
    LOCAL_ONLY = -55
    #: hold_domains; queue_domains
    HELD = -23
    QUEUED_DOMAIN = -56


class HostStatus(Enum):
    """May a host be tried? Set by routing (no address found) and by the retry hints."""

    UNKNOWN = "unknown"
    USABLE = "usable"
    #: its retry time is not reached, or its address could not be looked up now
    UNUSABLE = "unusable"
    #: the same, and its final cutoff time is past
    UNUSABLE_EXPIRED = "unusable, expired"


@dataclass(slots=True)
class Host:
    """One address of one host in a host list. `address` is "" while it is not looked up."""

    name: str
    address: str = ""
    port: int = 0  #: 0: the transport's
    #: preference of the MX or SRV record that named the host; -1: there was none
    mx: int = -1
    status: HostStatus = HostStatus.UNKNOWN
    #: why it is unusable: "", "no IP address", "retry time not reached", "failed"
    why: str = ""
    #: DNSSEC: True and False when the answer said so, None when it was not asked
    secure: bool | None = None
    #: the name that the certificate must show when it is not `name` (CNAME chased from the MX host)
    certificate_name: str = ""
    #: an SRV record for smtp-tls named it: TLS is required, on connect unless the port is 25
    tls_required: bool = False
    #: when it was last tried, from the retry hints
    last_try: float = 0.0
    #: the host list's separate randomisation groups put it where it is: do not shuffle again
    sort_key: int = 0
    #: the transport has tried it
    tried: bool = False

    @property
    def from_mx(self) -> bool:
        return self.mx >= 0

    @property
    def authenticated(self) -> Untainted:
        """`secure` as `$lookup_dnssec_authenticated` tells it."""
        return EMPTY if self.secure is None else Untainted("yes" if self.secure else "no")


class Result(Enum):
    """How a delivery ended for one address."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    FAILED = "failed"
    #: nothing is known: the transport did not get to it
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class RetryChange:
    """One thing learnt for the retry hints. `key` as in the database: `T:host:ip[:port][:message id]`,
    `T:local@domain`, `R:domain`, `R:local@domain[:<sender>]`."""

    key: str
    #: forget the record: it worked
    delete: bool = False
    #: the name used to look for the rule before the address's domain; "" for address errors
    host_name: str = ""
    errno: int = 0
    more_errno: int = 0
    text: str = ""
    #: the error belongs to a host: both host name and domain are looked for
    is_host: bool = False
    #: the error belongs to this message (key with message id): its age counts
    is_message: bool = False


@dataclass(slots=True)
class SmtpFacts:
    """What a delivery line and a bounce say of the connection (manual 53.7, features row 16)."""

    host: Host | None = None
    #: the answer to the final dot, as logged in C="..."; may contain newlines
    confirmation: str = ""
    #: the connection had carried a message before: `*` after the address
    reused: bool = False
    local_address: str = ""
    local_port: int = 0
    tls: TlsFacts | None = None
    authenticator: str = ""
    authenticated_id: str = ""
    authenticated_sender: str = ""
    pipelining: bool = False
    early_pipelining: bool = False
    chunking: bool = False
    prdr: bool = False
    #: `domain:selector` of the DKIM signatures made, log selector dkim_verbose
    signed: str = ""
    fast_open: bool = False
    #: the next hop takes DSN parameters: the success report is its business
    dsn_aware: bool = False
    proxy_address: str = ""
    proxy_port: int = 0
    greeting: str = ""
    helo_response: str = ""
    #: how the client's start of the session went, log selector protocol_detail
    protocol_detail: str = ""


@dataclass(slots=True)
class Outcome:
    """What a transport says of one address. `message` is for the log and the bounce."""

    result: Result
    message: str = ""
    errno: int = 0
    more_errno: int = 0
    #: shown to the sender in place of `message`
    user_message: str = ""
    #: what a lookup itself said, where routing deferred for one
    cause: str = ""
    #: the message is to be frozen
    freeze: bool = False
    #: a fault of the configuration or the program: also in the panic log, no retry record
    panic: bool = False
    #: the message is put into the bounce ("local delivery failed" otherwise), set by remote transports and `:fail:`
    pass_message: bool = False
    #: what the report to the sender says of it (RFC 3463), where it is more than "failed"
    status: str = ""
    #: the bounce names the address and says no more
    silent: bool = False
    smtp: SmtpFacts | None = None
    #: text a pipe wrote, to be returned (`return_output`) or logged
    output: bytes = b""
    return_output: bool = False
    #: of the shadow transport, for `ST=`
    shadow: str = ""
    #: seconds the attempt took, for DT=
    took: float = 0.0
    #: bytes delivered, for S=
    size: int = 0
    #: the address as it was given to the server, where it was converted (SMTPUTF8)
    sent_as: str = ""
    #: name of the file written, where it differs from the address (maildir, mailstore)
    file_name: str = ""


class Kind(Enum):
    """What sort of destination an address is."""

    ADDRESS = "address"
    PIPE = "pipe"
    FILE = "file"
    #: a file name with a final slash
    DIRECTORY = "directory"
    REPLY = "reply"


#: the recipient of an automatic reply that has no usable one
BAD_REPLY: Final = "**bad-reply**"


@dataclass(slots=True)
class Reply:
    """A message that a filter's `mail`, `vacation` or `reply` command wants (manual of filters, chapter 3.?).
    Empty fields are not set."""

    from_: str = ""
    reply_to: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    headers: str = ""
    text: str = ""
    file: str = ""
    file_expand: bool = False
    log_file: str = ""
    once_file: str = ""
    #: the folder of `once_file` is made when it is missing
    once_folder: bool = False
    once_repeat: int = 0
    return_message: bool = False


@dataclass(slots=True)
class FilterDelivery:
    """One delivery that a filter set up: an address, a pipe command, a file, or a message to send."""

    kind: Kind
    text: str
    #: where its errors go; None: as usual
    errors_to: str | None = None
    #: `noerror`: failures are not reported
    ignore_error: bool = False
    #: for files: mode given with `save`, -1: none
    mode: int = -1
    reply: Reply | None = None
    #: $0... of a pipe command, expanded by the transport
    variables: tuple[str, ...] = ()


@dataclass(slots=True)
class FilterResult:
    """What a filter comes to. `verdict`: "delivered" (significant deliveries: the address is done), "ok" (go on
    with the normal delivery too), "defer", "fail", "freeze", "error" (the filter is wrong, `message` says how)."""

    verdict: str = "ok"
    deliveries: list[FilterDelivery] = field(default_factory=list)
    message: str = ""
    #: what the log gets in place of `message` (`fail "<<log text>>text"`)
    log_message: str = ""
    #: header lines to add (with newline), names to remove: system filters only
    headers_add: list[str] = field(default_factory=list)
    headers_remove: list[str] = field(default_factory=list)
    #: `logwrite` lines: the file they go to, the text, the mode of a new file; written by whoever may
    log_lines: list[tuple[str, str, int]] = field(default_factory=list)
    #: $n0..$n9 at its end
    numbers: list[int] = field(default_factory=list)


class Address:
    """One address on its way. Mutable; made by delivery, changed by the routers and the transport."""

    __slots__ = (
        "address",
        "address_data",
        "bmi_optin",
        "caseful_local_part",
        "child_count",
        "children_pending",
        "current_directory",
        "disable_logging",
        "domain",
        "domain_data",
        "dsn_aware",
        "dsn_flags",
        "dsn_lasthop",
        "dsn_orcpt",
        "dsn_submitted",
        "duplicates",
        "errors_address",
        "expand_pipe",
        "fallback_hosts",
        "file_mode",
        "forbidden",
        "from_filter",
        "full_local_part",
        "gid",
        "headers_add",
        "headers_remove",
        "hide_child",
        "home_directory",
        "hosts",
        "ignore_error",
        "initgroups",
        "kept_affixes",
        "kind",
        "local_host_removed",
        "local_part",
        "local_part_data",
        "local_part_original",
        "locked",
        "log_as_local",
        "one_time",
        "onetime_parent",
        "outcome",
        "parent",
        "pipe_variables",
        "prefix",
        "prefix_v",
        "randomized",
        "reply",
        "result_data",
        "retries",
        "router",
        "self_hostname",
        "setup_error",
        "split_for_routing",
        "srs_sender",
        "start_router",
        "suffix",
        "suffix_v",
        "transport",
        "uid",
        "unique",
        "user_name",
        "variables",
        "written_to",
    )

    def __init__(self, address: str, *, parent: Address | None = None, kind: Kind = Kind.ADDRESS) -> None:
        #: as it came, case kept; for pipes and files `|command` or the path
        self.address = address
        self.kind = kind
        #: what duplicates, the journal and the list of non-recipients know it by; "" until it is split
        self.unique = ""
        self.parent = parent
        #: children not yet finished; the address is done when there are none
        self.children_pending = 0
        self.child_count = 0
        #: addresses that were dropped because this one delivers for them too
        self.duplicates: list[Address] = []

        # Parts. `local_part` is what the current router sees: without affixes, lower case unless the router is caseful
        self.local_part = ""
        #: case and affixes as they came
        self.local_part_original = ""
        #: with its affixes, unquoted, in the case that the current router sees: what children know it by
        self.full_local_part = ""
        #: lower case
        self.domain = ""
        self.prefix: str = EMPTY
        self.prefix_v: str = EMPTY
        self.suffix: str = EMPTY
        self.suffix_v: str = EMPTY
        self.local_part_data = ""
        self.domain_data = ""
        self.caseful_local_part = False

        # What the routers decided
        #: the router instance that handled it
        self.router: Any = None
        #: the transport instance it is assigned to
        self.transport: Any = None
        #: the router to begin with; None: the first
        self.start_router: Any = None
        self.hosts: list[Host] = []
        #: the router put the hosts into random order already
        self.randomized = False
        #: None: the transport's own
        self.fallback_hosts: str | None = None
        #: the MX list named this host, too: there is no falling back
        self.local_host_removed = False
        #: for a local transport the host list is one text, $host
        self.result_data = ""
        self.self_hostname = ""
        self.address_data = ""
        self.variables: dict[str, str] = {}
        #: None: the envelope sender; "" : errors are discarded
        self.errors_address: str | None = None
        #: the sender that a remote copy has in place of the message's (SRS), "" for none
        self.srs_sender = ""
        #: lines with final newline
        self.headers_add: list[str] = []
        #: names, may end in `*`
        self.headers_remove: list[str] = []
        self.ignore_error = False
        self.hide_child = False
        self.log_as_local = False
        #: it was given to the routers: log lines show it as the last of them saw it
        self.split_for_routing = False
        #: RCPT named it with its affixes (`rcpt_include_affixes`): log lines do so from then on
        self.kept_affixes = False
        self.disable_logging = False
        self.dsn_lasthop = False

        # Whom and where a local transport runs as; None where nothing was said
        self.uid: int | None = None
        self.gid: int | None = None
        #: login name for initgroups()
        self.user_name = ""
        self.initgroups = False
        self.home_directory: Any = None
        self.current_directory: Any = None

        # Special destinations
        #: the file or directory of a transport that has one of its own for what a redirection names
        self.written_to = ""
        self.reply: Reply | None = None
        #: made by a filter file, not by a plain list
        self.from_filter = False
        #: mode for the file, given by a filter's `save`; -1: the transport's
        self.file_mode = -1
        #: the router's options do not allow this pipe, file or reply: what to say
        self.forbidden = ""
        #: the transport for this pipe, file or reply is missing or wrong: the address is deferred
        self.setup_error = ""
        #: $thisaddress and $0.. of a filter's pipe command; expanded by the transport when `expand_pipe`
        self.pipe_variables: tuple[str, ...] = ()
        self.expand_pipe = False
        #: what an answer's file may not use: endings of the router's options `forbid_filter_...`
        self.locked: frozenset[str] = frozenset()
        #: a one_time router made it
        self.one_time = False
        #: number of the envelope recipient that a one_time child, or what became of it, came from, -1: none
        self.onetime_parent = -1

        # DSN
        self.dsn_flags = 0
        self.dsn_orcpt = ""
        #: what the client gave, where rewriting rules changed it
        self.dsn_submitted = ""
        self.dsn_aware = False
        self.bmi_optin = ""

        self.outcome: Outcome | None = None
        self.retries: list[RetryChange] = []

    @property
    def top(self) -> Address:
        """The envelope recipient it came from."""
        here = self
        while here.parent is not None:
            here = here.parent
        return here

    @property
    def is_special(self) -> bool:
        """A pipe, file or reply that a redirection made."""
        return self.kind is not Kind.ADDRESS

    def __repr__(self) -> str:
        return f"Address({self.address!r})"


@dataclass(slots=True)
class Batch:
    """Addresses that one run of a transport delivers together."""

    transport: Any
    addresses: list[Address] = field(default_factory=list)
    #: envelope sender for this copy: the errors address of the addresses
    return_path: str = ""
    #: it is a copy for `shadow_transport`
    shadow: bool = False
    #: those that no host took and that have fallback hosts are left to another batch, in `left`
    leaves: bool = False
    left: list[Address] = field(default_factory=list)
    #: the batch is for the fallback hosts
    falls_back: bool = False

    @property
    def first(self) -> Address:
        return self.addresses[0]
