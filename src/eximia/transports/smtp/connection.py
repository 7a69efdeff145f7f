"""One SMTP session with a server: connect, greeting, EHLO, TLS, AUTH (RFC 5321 3.1; manual 30, 43, 33.11, 61).

After `open_connection` the session is ready for MAIL. Everything that concerns a single message is in `send`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError, ForcedFailure, NetworkError
from eximia.context.delivery import Errno, Host, SmtpFacts
from eximia.context.session import TlsFacts
from eximia.events import raise_event
from eximia.message.idna import IdnaError, domain_to_alabel
from eximia.protocols.smtp.client import Capabilities, MalformedReply, Reply, ReplyReader
from eximia.transports.strings import expand, host_matches

from .failure import Failure, Fault, closed, malformed, network, refused

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Context
    from eximia.tls.stream import TlsStream

    from .dane import Dane
    from .sessions import Sessions
    from .watching import Watcher


class Connection:
    """An open session. `peer` is what the server can; the three flags are that, less what options forbid."""

    __slots__ = (
        "_reader",
        "auth_facts",
        "authenticated",
        "chunking",
        "dane",
        "early",
        "encrypted",
        "expires",
        "greeting",
        "helo",
        "helo_response",
        "host",
        "in_clear",
        "key",
        "lmtp",
        "messages",
        "open_transaction",
        "peer",
        "pipelining",
        "port",
        "prdr",
        "proxy",
        "sent",
        "sessions",
        "startup",
        "stream",
        "sts",
        "tls",
        "verifying",
        "wait",
        "was_early",
        "watch",
    )

    def __init__(self, stream: Stream, host: Host, port: int, key: tuple[Any, ...]) -> None:
        self.stream = stream
        self.host = host
        self.port = port
        self.key = key
        self._reader = ReplyReader()
        self.peer = Capabilities()
        self.lmtp = False
        self.helo = ""
        self.greeting = ""
        self.helo_response = ""
        self.pipelining = False
        self.chunking = False
        self.prdr = False
        #: EHLO went out with the connection; the answer that is expected to it (`early`)
        self.early: Reply | None = None
        #: the envelope went out before the banner came
        self.was_early = False
        #: how the session was begun: "TLS" (on connect), "EHLO", "STARTTLS", "AUTH"...
        self.startup: list[str] = []
        #: messages sent so far
        self.messages = 0
        #: the server may hold an unfinished transaction: RSET before the next
        self.open_transaction = False
        self.tls = TlsFacts()
        #: what DANE asks of the server; None: nothing
        self.dane: Dane | None = None
        #: an MTA-STS policy is enforced: TLS with a certificate for the host's name
        self.sts = False
        #: TLS was tried on another connection and failed: do without
        self.in_clear = False
        #: a callout, not a delivery
        self.verifying = False
        self.encrypted: TlsStream | None = None
        #: where its TLS sessions are kept for later connections
        self.sessions: Sessions | None = None
        #: name of the authenticator that worked
        self.authenticated = ""
        self.auth_facts: tuple[str, str] = ("", "")
        self.proxy: tuple[str, int] = ("", 0)
        #: bytes of the last message, as sent
        self.sent = 0
        #: when an idle connection is given up (monotonic)
        self.expires = 0.0
        #: seconds to wait for an answer to a command
        self.wait = 300.0
        #: shows the conversation to the caller; None: nobody looks
        self.watch: Watcher | None = None

    @property
    def reader(self) -> ReplyReader:
        return self._reader

    def new_session(self) -> None:
        """Forget what the server said: TLS begins."""
        self._reader = ReplyReader()
        self.peer = Capabilities()

    def keep_sessions(self) -> None:
        """Keep what the server gave for resuming, which comes after the handshake."""
        if self.sessions is not None and self.encrypted is not None:
            self.sessions.keep(self.encrypted.engine)

    def command(self, line: str, *, shown: str = "") -> Reply:
        """Send one command and wait for its reply. `shown`: what the log may show of it. Raises Failure."""
        if self.watch is not None:
            self.watch.sent(f"{shown or line}\r\n".encode("latin-1"))
        try:
            self.stream.send(line.encode("latin-1") + b"\r\n")
        except NetworkError as error:
            raise network(shown or line, error) from error
        return self.reply(shown or line)

    def reply(self, what: str) -> Reply:
        """The next reply. `what` it answers is for the log. Raises Failure."""
        reader = self._reader
        try:
            while True:
                reply = reader.next()
                if reply is not None:
                    return reply
                data = self.stream.recv(self.wait)
                if self.watch is not None:
                    self.watch.received(data)
                if not data:
                    raise closed(what)
                reader.feed(data)
        except MalformedReply as error:
            raise malformed(what, error) from error
        except NetworkError as error:
            raise network(what, error) from error

    def alive(self) -> bool:
        """An idle connection on which the server said nothing and which it did not close."""
        return self._reader.idle and not self.stream.pending()

    def quit(self) -> None:
        """Say goodbye and close, without waiting for an answer."""
        if self.watch is not None:
            self.watch.sent(b"QUIT\r\n")
            self.watch.closed()
        try:
            self.stream.send(b"QUIT\r\n")
            self.stream.close()
        except NetworkError:
            self.stream.abort()

    def facts(self, *, reused: bool) -> SmtpFacts:
        """What a log line tells of this connection."""
        local_address, local_port = self.stream.local
        if self.sessions is not None and self.encrypted is not None:
            # with TLS 1.3 tickets come after the handshake
            self.tls.resumption |= self.encrypted.engine.number("resumption_bits")
        return SmtpFacts(
            host=self.host,
            reused=reused,
            local_address=local_address,
            local_port=local_port,
            tls=self.tls if self.tls.version else None,
            authenticator=self.authenticated,
            authenticated_id=self.auth_facts[0],
            authenticated_sender=self.auth_facts[1],
            dsn_aware=self.peer.dsn,
            proxy_address=self.proxy[0],
            proxy_port=self.proxy[1],
            greeting=self.greeting,
            helo_response=self.helo_response,
            protocol_detail=" ".join(self.startup),
        )


def greet(ctx: Context, connection: Connection, options: Any) -> None:
    """Read the banner and say EHLO, HELO or LHLO. Raises Failure."""
    reply = connection.reply("initial connection")
    connection.greeting = reply.text
    if reply.code // 100 != 2:
        raise refused("initial connection", reply)
    answer = raised(ctx, options, "smtp:connect", reply.text)
    if answer:
        text = f"deferred by smtp:connect event expansion: {answer}"
        raise Failure(text, Errno.HOST_EXPAND_FAIL, with_host=False)
    introduce(ctx, connection, options)


def introduce(ctx: Context, connection: Connection, options: Any) -> None:
    """EHLO and what follows from its answer. Raises Failure."""
    host = connection.host
    if not connection.helo:
        connection.helo = helo_name(ctx, options)
    if connection.lmtp:
        verb = "LHLO"
    elif host_matches(ctx, options.hosts_avoid_esmtp, host.name, host.address):
        verb = "HELO"
    else:
        verb = "EHLO"
    command = f"{verb} {connection.helo}"
    connection.startup.append(verb)
    sent, connection.early = connection.early is not None, None
    reply = connection.reply(command) if sent else connection.command(command)
    if verb == "EHLO" and reply.code // 100 != 2:
        verb = "HELO"
        connection.startup.append(verb)
        command = f"HELO {connection.helo}"
        reply = connection.command(command)
    if reply.code // 100 != 2:
        raise refused(command, reply)
    connection.helo_response = reply.text
    use(ctx, connection, options, Capabilities.read(reply) if verb != "HELO" else Capabilities())
    raised(ctx, options, "smtp:ehlo", reply.text)
    if options.hosts_pipe_connect is not None and verb == "EHLO" and not connection.tls.version:
        from .early import remember, wanted

        if wanted(ctx, options, host):
            remember(ctx, connection, reply)


def use(ctx: Context, connection: Connection, options: Any, peer: Capabilities) -> None:
    """Take over what the server can do, less what options forbid."""
    connection.peer = peer
    name, address = connection.host.name, connection.host.address
    connection.pipelining = peer.pipelining and not host_matches(ctx, options.hosts_avoid_pipelining, name, address)
    connection.chunking = peer.chunking and host_matches(ctx, options.hosts_try_chunking, name, address)
    connection.prdr = peer.prdr and not connection.lmtp and host_matches(ctx, options.hosts_try_prdr, name, address)


def helo_name(ctx: Context, options: Any) -> str:
    """The argument of EHLO. Raises Failure."""
    template = options.helo_data
    if template is None or template.text == "$primary_hostname":
        return ctx.process.primary_hostname
    try:
        name = expand(template, ctx)
        return name if name.isascii() else domain_to_alabel(name)
    except IdnaError as error:
        raise _not_expanded("helo_data", ExpansionError(str(error))) from error
    except ForcedFailure as error:
        raise _not_expanded("helo_data", error) from error
    except ExpansionError as error:
        raise _not_expanded("helo_data", error) from error


def _not_expanded(option: str, error: ExpansionError) -> Failure:
    return Failure(f"failed to expand {option}: {error.message}", Errno.HOST_EXPAND_FAIL, Fault.LOCAL)


def raised(ctx: Context, options: Any, name: str, data: str, errno: int = 0) -> str:
    """Raise an event of the transport; what its action expanded to ("" for nothing)."""
    action = options.event_action
    if action is None:
        return ""
    return raise_event(ctx, name, data, action, errno=errno) or ""
