"""What policy may ask of the world and of the layers above it.

*Ports* are the outside (network, DNS, subprocesses, time, other users). Every call looks blocking to policy; in the
server `aio` implements them so that only the calling session waits. Tests implement them with plain objects.

*Services* are layers above the caller (an ACL that verifies an address asks routers, an expansion asks lookups);
they are set once, in the daemon's wiring, so that no layer imports upward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from eximia.base.dataclass import dataclass, field
from eximia.base.namedtuple import NamedTuple

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from eximia.context import Context, Process
    from eximia.context.verification import Verified
    from eximia.dns import Answer

    from .steps import Steps
    from .template import Template

T = TypeVar("T")
R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)


class Stream(Protocol):
    """A connection. Nothing is lost on a time-out: the call can be repeated.

    `peer` and `local` are (address, port); for Unix sockets (path, 0).
    """

    #: set while the session waits for something it could do without: the server may then end it to close down, and
    #: `recv` raises NetworkError with errno ESHUTDOWN
    idle: bool

    @property
    def peer(self) -> tuple[str, int]: ...

    @property
    def local(self) -> tuple[str, int]: ...

    def send(self, data: bytes) -> None:
        """Queue `data` for sending; waits only when the peer is far behind. Raises NetworkError when the
        connection is lost, timed_out after the timeout set with `send_timeout`."""

    def recv(self, timeout: float) -> bytes:
        """Whatever has arrived, at least one byte; b"" when the peer has closed.
        Raises NetworkError, with timed_out set when nothing came within `timeout` seconds (0: no limit)."""

    def pending(self) -> bool:
        """True when bytes have arrived that `recv` has not returned, or the peer has closed."""

    def unread(self, data: bytes) -> None:
        """Put bytes back, to be returned by the next `recv`."""

    def shutdown(self) -> None:
        """Send what is queued, then end our direction (half-close)."""

    def close(self) -> None:
        """Send what is queued and close; does not wait for the peer."""

    def abort(self) -> None:
        """Drop the connection at once."""

    def fileno(self) -> int:
        """The socket's descriptor, for socket options."""

    def set_send_timeout(self, seconds: float) -> None:
        """How long `send` may wait for a slow peer (0: no limit)."""


class Network(Protocol):
    """Making connections."""

    def connect(self, address: str, port: int, *, timeout: float, interface: str = "") -> Stream:
        """A TCP connection to an IPv4 or IPv6 address (never a name). Raises NetworkError with errno."""

    def connect_unix(self, path: str, *, timeout: float) -> Stream:
        """A connection to a Unix socket."""

    def send_udp(self, address: str, port: int, data: bytes) -> None:
        """One datagram, no answer."""


class Resolver(Protocol):
    """DNS questions. Answers come from a cache by TTL where they can."""

    def query(self, name: str, rtype: str, *, timeout: float = 0, attempts: int = 0) -> Answer:
        """Ask for `name` (no final dot needed) and `rtype` ("A", "MX", "TLSA"...); CNAMEs are followed. `timeout`
        (seconds for one server) and `attempts` are those of the main options when zero.
        Never raises: a failure is an Answer with that status."""


@dataclass(frozen=True, slots=True)
class HelperResult:
    """How a command ended. `status` is the exit code, or minus the signal that ended it."""

    status: int
    output: bytes
    errors: bytes = b""
    timed_out: bool = False
    truncated: bool = False
    #: it ended before it had taken all that it was given
    unread: bool = False
    #: the command could not be started: text of the error and errno
    failure: str = ""
    errno: int = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom to act as. `user` is the login name for initgroups(), or empty: then only `gid`."""

    uid: int
    gid: int
    user: str = ""


class Helpers(Protocol):
    """Running commands."""

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        timeout: float = 0,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        max_output: int = 1 << 24,
        merge_errors: bool = False,
        identity: Identity | None = None,
        umask: int = -1,
    ) -> HelperResult:
        """Run a command, feed it `stdin`, collect its output. `timeout` 0: no limit; on expiry the whole process
        group is killed. `identity` None: as ourselves. Never raises for what the command does."""


class Agents(Protocol):
    """Work done as another user: local deliveries, reading a user's .forward.

    A *job* is a plain blocking function named in `privileged.jobs`; it gets only plain data (no context, no
    configuration), so that it can run in a process of the other user. Everything is expanded before. Bulk data
    travels by file descriptors.
    """

    def run(
        self,
        identity: Identity | None,
        job: str,
        fields: Mapping[str, Any],
        fds: Sequence[int] = (),
        timeout: float = 0,
        *,
        quick: bool = False,
    ) -> dict[str, Any]:
        """Run job `job` with JSON-able `fields` (text as latin-1 str; `body` may be bytes) as `identity` (None, or
        ourselves when we are not root: in a thread of this process). Returns what the job returns. `quick`: it waits
        for nothing but the disk, so others may wait for it. Raises Defer when no agent can be had or it died."""


class Watch(Protocol):
    """A descriptor that a library owns (libpq's), seen by the loop."""

    def wait(self, timeout: float) -> bool:
        """Wait until it can be read; False when that took longer than `timeout` seconds, give or take one."""

    def ready(self) -> bool:
        """Whether it could be read while nobody waited: for an idle connection, that it was closed."""

    def close(self, then: Callable[[], object]) -> None:
        """Look at it no more; call `then`, which may close it, when nobody does."""


class Replies(Protocol):
    """The reader of a protocol: `feed` what arrives, take replies with `next` until it returns `MISSING`. `next` raises
    RemoteProtocolError."""

    MISSING: Any

    def feed(self, data: bytes) -> None: ...

    def next(self) -> Any: ...


class Exchange(Protocol):
    """Questions and answers, in order, over one connection that many share."""

    @property
    def closed(self) -> bool:
        """It is lost: nothing more can be asked."""

    def ask(self, data: bytes, skip: int = 0) -> Any:
        """Send `data` and wait for its reply, the one after `skip` others that `data` brings. Raises NetworkError."""

    def close(self) -> None:
        """Drop the connection; who waits gets a NetworkError."""


class Task(Protocol[T_co]):
    """Policy that runs beside the caller."""

    def join(self) -> T_co:
        """Wait for its end; its result, or its exception raised again."""

    def done(self) -> bool: ...


class Clock(Protocol):
    """The only source of time."""

    def time(self) -> float:
        """Seconds since 1970 UTC."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Ports(Protocol):
    """All of them. One object a process."""

    @property
    def net(self) -> Network: ...

    @property
    def resolver(self) -> Resolver: ...

    @property
    def helpers(self) -> Helpers: ...

    @property
    def agents(self) -> Agents: ...

    @property
    def clock(self) -> Clock: ...

    def configure_resolver(self, **options: Any) -> None:
        """How the resolver asks: see `aio.resolver.StubResolver.configure`."""

    def blocking(self, function: Callable[..., T], *args: Any) -> T:
        """Run a blocking function (fsync, SQLite) without holding up other sessions; its result or exception."""

    def together(self, function: Callable[[list[T]], list[R] | Steps[list[R]]], item: T) -> R:
        """Like `blocking`, for work that is cheaper in company (making messages durable, removing files): items of
        all callers that wait for the same `function` at the same time are given to it as one list. It returns a
        result for each, in order; a result that is an exception is raised in its caller. A generator function does
        its work in steps (`base.steps`)."""

    def gate(self, most: int) -> AbstractContextManager[object]:
        """At most `most` policies inside at the same time; the others wait in the order they came."""

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Call a function that does not wait, after a while; not at all where the program does not live so long."""

    def watch(self, fd: int) -> Watch:
        """Begin to look at a descriptor. Raises OSError."""

    def exchange(self, stream: Stream, replies: Replies, *, timeout: float, idle: float) -> Exchange | None:
        """Share a connection on which nothing is under way; None, and the connection as it was, where it cannot be."""

    def spawn(self, function: Callable[..., T], *args: Any) -> Task[T]:
        """Start policy beside the caller. It runs at once until it first waits."""

    def detach(self, process: Process, function: Callable[..., object], *args: Any) -> bool:
        """Like `spawn`, for what must go on when the program that began it ends. At the command line it runs in a
        process of its own, whose standard streams are closed: then the answer is True, and what the caller shares
        with it (open files) is the caller's to close."""

    def as_user(
        self, process: Process, identity: Identity, function: Callable[..., str], *args: Any, timeout: float
    ) -> str | None:
        """Run policy that a user wrote (a filter) as that user: `function` is called in a copy of this process that
        has changed to the user for good; its text comes back. None where we cannot become the user. Raises Defer
        when it dies or takes too long."""


class FoundItem(NamedTuple):
    """What a lookup in a list found. `numbers` are the wild and the fixed part of a partial match, or empty."""

    data: str
    numbers: tuple[str, ...] = ()


class LookupService(Protocol):
    """`lookups`, as `expand` and `lists` use it."""

    def find(self, ctx: Context, search: str, key: str | None, source: str) -> str | None:
        """Look up in `search` (type with partial-/options as written in the configuration, e.g. `partial-lsearch*@`
        or `dsearch,ret=full`). Single-key types: `key` and the file name in `source`; query types: key None, the
        query in `source`. None when not found. Raises LookupDefer, TaintError, ExpansionError (unknown type...)."""

    def find_item(self, ctx: Context, search: str, key: str, source: str) -> FoundItem | None:
        """As `find`, for an item of a list: `key` is passed over by query types, and what a partial match stands
        for comes with the data."""

    def is_query_style(self, search: str) -> bool:
        """Raises ExpansionError for unknown types."""

    def quote(self, ctx: Context, search: str, option: str | None, text: str) -> str:
        """`${quote_<type>_<option>:text}`. Raises ExpansionError when the type cannot quote."""


class ListService(Protocol):
    """`lists`, as the conditions of `expand` use it."""

    def match(self, ctx: Context, kind: str, subject: str, items: str, *, caseful: bool = False) -> str | None:
        """Match `subject` in the list `items` of `kind` ("domain", "local_part", "address", "ip", "string").
        None: no match; else the data of the match ("" when there is none). Raises LookupDefer."""

    def contains(self, ctx: Context, kind: str, items: Template, subject: str) -> bool:
        """Is `subject` in a list of the configuration? What cannot be decided counts as no."""

    def named(self, ctx: Context, name: str, kind: str = "") -> str | None:
        """`${listnamed:...}`: the text of a named list, None when there is none."""


class RegexService(Protocol):
    """`lists.regex`."""

    def search(self, pattern: str, subject: str, *, caseless: bool = False, start: int = 0) -> Any:
        """The match object (`.start(n)`, `.end(n)`, `.group(n)`, `.groups`) or None. Raises ExpansionError for a
        pattern that does not compile or exceeds the match limit."""

    def compile(self, pattern: str, *, caseless: bool = False) -> Any:
        """The compiled pattern (`.search(subject)`, `.matches(subject)`), made once. Raises ExpansionError."""


class AclService(Protocol):
    """`acl`, as expansions and reception use it."""

    def run_named(self, ctx: Context, name: str, args: Sequence[str]) -> tuple[str, str]:
        """`${acl {name}{args}}` and condition `acl`: ("accept"|"deny"|"defer"|..., value message)."""


class VerifyService(Protocol):
    """Address verification by the routers, as ACLs use it. See `routers.verify`."""

    def verify(
        self, ctx: Context, address: str, kind: str, *, success_on_redirect: bool = False, rewrite: bool = True
    ) -> Verified:
        """Route `address` in verify mode; `kind` is "sender" or "recipient". Never raises for what routing finds.
        Without `rewrite` the rewriting rules have been applied to it already."""


class FilterService(Protocol):
    """User filters, as the redirect router uses them."""

    def run(self, ctx: Context, text: str, kind: str, **options: Any) -> Any: ...

    def run_system(self, ctx: Context) -> Any:
        """The system filter (manual 47): a FilterResult."""


class Submit(Protocol):
    """Taking in a message that the program itself writes."""

    def __call__(
        self,
        process: Process,
        data: bytes,
        recipients: Sequence[str],
        *,
        sender: str = "",
        reference: str = "",
        authenticated_sender: str = "",
        requiretls: bool = False,
        author: Identity | None = None,
    ) -> str:
        """`data`: header lines, empty line, body, with LF ends; Date:, Message-ID: and Received: are added. The
        message is spooled, logged (`<=`, with `R=` the id `reference` of the message that caused it), and its
        delivery begins or is queued as for any local message. An empty sender makes it a local error message
        (`-localerror`). `requiretls`: it is about a message with REQUIRETLS.
        `author`: the user in whose name it is written, when that is not the mail user.
        Returns its id; raises Defer when it cannot be taken now, and then NotTaken when an ACL refused it."""


class PerlService(Protocol):
    """The embedded Perl interpreter (manual chapter 12)."""

    def start(self, startup: str, *, taint: bool = False) -> object:
        """Start it, unless it runs: `perl_startup`, `perl_taintmode`. Raises ExpansionError."""

    def call(self, ctx: Context, name: str, args: list[str]) -> str:
        """The value of subroutine `name`. Raises ForcedFailure for undef, ExpansionError when it dies."""


@dataclass(slots=True)
class Services:
    """Layers above their callers. Unset ones are reported by name when they are asked."""

    lookups: LookupService = field(default=None)  # type: ignore[assignment]
    lists: ListService = field(default=None)  # type: ignore[assignment]
    regexes: RegexService = field(default=None)  # type: ignore[assignment]
    acl: AclService = field(default=None)  # type: ignore[assignment]
    verify: VerifyService = field(default=None)  # type: ignore[assignment]
    filters: FilterService = field(default=None)  # type: ignore[assignment]
    #: `${perl...}`; None where there is no Perl
    perl: PerlService | None = None
    #: TLS over a stream, as a client, with the name for SNI (`${readsocket...{tls=yes}}`)
    tls_connect: Callable[[Context, Stream, str], Stream] | None = None
    #: a string that is known only at run time, expanded (`queryprogram`, filters): `expand.expand_text`
    expand: Callable[[str, Context], str] = field(default=None)  # type: ignore[assignment]
    #: the Brightmail verdict of an envelope recipient, None when there is none
    brightmail: Callable[[Context, str], Any] = field(default=None)  # type: ignore[assignment]
    #: take in a message of our own (bounce, warning, autoreply, report): `reception`
    submit: Submit = field(default=None)  # type: ignore[assignment]
    #: hand a received message to delivery: `delivery.start`
    deliver: Callable[..., Any] = field(default=None)  # type: ignore[assignment]
    #: one queue run for the messages with a recipient that contains the text, in the queue named last (ETRN)
    queue_run: Callable[[Process, str, str], object] = field(default=None)  # type: ignore[assignment]
    #: deliver what waits for some domains over a connection that is turned round (ATRN): process, domains, queue,
    #: the connection, $atrn_host
    turn: Callable[[Process, frozenset[str], str, Any, str], None] = field(default=None)  # type: ignore[assignment]
    #: an event of the main section or a transport: `events.raise_event`
    event: Callable[[Context, str, str, Template | None], str | None] = field(default=None)  # type: ignore[assignment]
    #: SPF's word for a sender address and a client's address, None when they cannot be checked: `acl.spf`
    spf: Callable[[Context, str, str], str | None] = field(default=None)  # type: ignore[assignment]
    #: would a routed address's mailbox take the message (`verify = recipient/quota`): None, or the outcome
    mailbox_room: Callable[[Context, Any], Any] = field(default=None)  # type: ignore[assignment]
