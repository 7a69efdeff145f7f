"""What a call of the command line asks for, as `letters` read it (manual chapter 5)."""

from __future__ import annotations

from eximia.base.dataclass import dataclass, field

DEBUG_CATEGORIES = [
    "acl",
    "auth",
    "deliver",
    "dns",
    "dnsbl",
    "exec",
    "expand",
    "filter",
    "hints_lookup",
    "host_lookup",
    "ident",
    "interface",
    "lists",
    "load",
    "local_scan",
    "lookup",
    "memory",
    "noutf8",
    "pid",
    "process_info",
    "queue_run",
    "receive",
    "resolver",
    "retry",
    "rewrite",
    "route",
    "timestamp",
    "tls",
    "transport",
    "uid",
    "verify",
]
#: what -d alone selects is all but these
NOT_BY_DEFAULT = frozenset(
    ("expand", "filter", "interface", "load", "memory", "noutf8", "pid", "resolver", "timestamp")
)


class UsageError(Exception):
    """The command line cannot be used. `text` is the whole message, exit status 1."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(slots=True)
class QueueRun:
    """-q and its flags, -R, -S (manual 5.3)."""

    wanted: bool = False
    two_stage: bool = False
    first_only: bool = False
    force: bool = False
    force_frozen: bool = False
    local_only: bool = False
    interval: int = 0
    start_id: str = ""
    end_id: str = ""
    name: str = ""
    #: -R and -S: the string, and whether it is a regular expression
    recipient: str | None = None
    recipient_regex: bool = False
    sender: str | None = None
    sender_regex: bool = False
    #: R/S with f, ff
    select_force: bool = False
    select_force_frozen: bool = False


@dataclass(slots=True)
class Invocation:
    """One call. `action` is the letter option that decides what is done ("bm", "bd", "bP", "M", "q"...), or ""."""

    program: str = "exim"
    #: the words after the program's name as they were given
    words: list[str] = field(default_factory=list)
    action: str = ""
    #: what follows the options: recipients, addresses, message ids, option names
    arguments: list[str] = field(default_factory=list)
    config_files: str | None = None
    macros: list[tuple[str, str]] = field(default_factory=list)

    # Debugging
    debug: frozenset[str] = frozenset()
    debug_daemon_only: bool = False
    verbose: bool = False
    dont_deliver: bool = False  #: -N

    # Daemon
    listening: bool = False  #: -bd was given (not only -q<time>)
    foreground: bool = False  #: -bdf
    inetd_wait: bool = False  #: -bw
    inetd_wait_timeout: int = 0
    interfaces: str | None = None  #: -oX
    pid_file: str | None = None  #: -oP
    no_notifier: bool = False  #: -oY
    remove_pid_file: bool = False  #: -oPX
    tls_on_connect: bool = False
    runs: list[QueueRun] = field(default_factory=list)

    # Reception
    extract_recipients: bool = False  #: -t
    dot_ends: bool = True  #: no -i
    sender: str | None = None  #: -f; its plain form once `cli.given` has looked at it
    sender_name: str | None = None  #: -F
    unqualified_allowed: bool = False  #: -bnq
    suppress_fixups: bool = False  #: -G
    local_error_message: bool = False  #: -E
    error_reference: str = ""  #: -E<message id>
    error_handling: str = ""  #: "e", "m", "p", "q", "w" of -oe
    delivery: str = ""  #: "b", "f", "i", "q", "qs" of -od
    receive_timeout: int | None = None  #: -or
    smtp_timeout: int | None = None  #: -os
    host_address: str | None = None  #: -oMa
    host_authenticated: str | None = None  #: -oMaa
    authenticated_id: str | None = None  #: -oMai
    authenticated_sender: str | None = None  #: -oMas
    interface_address: str | None = None  #: -oMi
    message_reference: str | None = None  #: -oMm
    protocol: str | None = None  #: -oMr
    host_name: str | None = None  #: -oMs
    ident: str | None = None  #: -oMt
    turn: tuple[str, str] = ("", "")  #: -atrn: host, domains
    batch_limit: int | None = None  #: -oB
    alias_file: str | None = None  #: -oA
    callouts: bool = False  #: -bhc
    check_host: str = ""  #: -bh

    # Tests
    message_file: str | None = None  #: -bem
    scan_file: str = ""  #: -bmalware
    message_id: str | None = None  #: -Mset
    filter_file: str | None = None  #: -bf
    system_filter_file: str | None = None  #: -bF
    filter_domain: str | None = None
    filter_local_part: str | None = None
    filter_prefix: str | None = None
    filter_suffix: str | None = None
    list_flags: str = ""  #: letters after -bp
    no_labels: bool = False  #: -n
    information: str = ""  #: what follows -bI:
    syslog_tag: str | None = None  #: -L
    log_line: str | None = None  #: -z
    perl_start: bool | None = None  #: -ps, -pd
