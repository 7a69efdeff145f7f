"""One SMTP session: the dialogue from the greeting to its end (manual chapter 49).

Plain synchronous policy over a `Stream`. This file holds what every command needs: reading, replying, counting errors,
synchronisation, the lines about the session in the log. Each command is a file in `commands/`; the greeting is in
`greeting`, taking in a message in `intake`.
"""

from __future__ import annotations

from errno import ESHUTDOWN
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import EximiaError, ExpansionError, NetworkError
from eximia.base.text import Untainted
from eximia.context import Context, Message, Scope, Session
from eximia.logs.lines import smtp as lines
from eximia.logs.lines.hosts import client, peer
from eximia.logs.printing import printing
from eximia.protocols.smtp.server import Command, Server, reply

from . import answers
from .commands.catalogue import COMMANDS, ONLY_WITH
from .ending import SessionOver, finish, log_dropped
from .extensions import server_auth, server_tls
from .greeting import greet
from .limits import Counters, Throttle, receive_timeout, throttle
from .numbers import NotNumber, number
from .ourselves import ourselves
from .policy import POLICY, Policy
from .protocol_name import protocol_name
from .transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from eximia.acl.result import AclResult
    from eximia.base.ports import Stream
    from eximia.config.main import MainOptions
    from eximia.context import Process
    from eximia.scan.milter.chain import Chain
    from eximia.tls.stream import TlsStream

    from .from_line import FromLine


@dataclass(slots=True)
class Admission:
    """What the listener knows of the moment the connection came."""

    #: connections of the whole server, this one included; None: not from a listener (-bs, inetd)
    total: int | None = None
    #: connections of the same client, this one included
    from_host: int = 0
    #: the port is one of tls_on_connect_ports
    tls_on_connect: bool = False
    leave: Callable[[], None] | None = None  #: counts it no more: it has ended, or was one too many


@dataclass(slots=True)
class SessionSettings:
    """What the command line changes in a session."""

    #: -os; None: smtp_receive_timeout
    timeout: float | None = None
    #: -od letters: "b", "f", "i", "q", "qs"; empty: not given
    delivery: str = ""
    #: -bnq
    no_qualify: bool = False
    #: -G
    suppress_fixups: bool = False
    #: -bh: messages are thrown away, nothing is written
    testing: bool = False
    #: -f with -bs: the sender that replaces the one of MAIL for untrusted callers
    forced_sender: str | None = None


_WITHOUT_ARGUMENT = frozenset(("RSET", "DATA", "QUIT", "STARTTLS"))
_TRANSFERS = frozenset(("DATA", "BDAT"))


class SmtpSession:
    """See the module's docstring. `run` does it all; it does not raise for anything the client does."""

    def __init__(
        self,
        process: Process,
        stream: Stream,
        session: Session,
        *,
        admission: Admission | None = None,
        settings: SessionSettings | None = None,
        policy: Policy = POLICY,
    ) -> None:
        self.process = process
        self.stream = stream
        #: what `stream` was at first, below encryption begun since; the server asks it whether the session is idle
        self.connection = stream
        #: `stream`, once it is encrypted
        self.encrypted: TlsStream | None = None
        self.policy = policy
        self.admission = admission or Admission()
        self.settings = settings or SessionSettings()
        self.main: MainOptions = process.main
        self.ctx = Context(process, session)
        self.server = Server()
        self.counters = Counters()
        self.tx = Transaction()
        #: the filters of option `milters`, once they are reached
        self.milters: Chain | None = None
        self.timeout = 300.0
        self.out: list[bytes] = []
        #: what EHLO offered the client, by keyword
        self.offered: frozenset[str] = frozenset()
        self.helo_given = False
        self.had_mail = False
        #: the last MAIL was refused: what follows it in a pipeline is no error of its own
        self.mail_rejected = False
        #: the client should have begun with a PROXY header, and did not
        self.proxy_failed = False
        self.from_line_seen: FromLine | None = None
        #: who called us, for local sessions
        self.caller_login = ""
        self.caller_name = ""
        #: the id that log lines of -bh go on showing after a message
        self.last_id = ""
        self.size_limit = 0
        self.recipients_max = 0
        self.max_messages: int | None = None
        self.mail_throttle: Throttle | None = None
        self.rcpt_throttle: Throttle | None = None
        self._first_rcpt_delay = 0.0
        #: the exit status of -bs
        self.status = 0

    # The course of a session

    def run(self) -> None:
        """Greet the client, obey its commands, write the log lines of the end, close the stream."""
        session = self.ctx.session
        session.flush = self.flush
        session.set_traffic_class = self.set_traffic_class
        session.connected_at = self.process.ports.clock.time()
        try:
            try:
                greet(self)
                while True:
                    self.obey(self.next_command())
            except SessionOver as over:
                self.status = over.status
                self._finish(over)
        except NetworkError:
            self.status = 1
            self._finish(SessionOver("connection-lost", lost=True), silent=True)
        except EximiaError as error:
            # Something in the configuration cannot be used: the client may come again.
            self.status = 1
            self.process.log.panic(f"SMTP session with {self.peer()} ended: {error.args[0]}")
            self._finish(SessionOver("", reply=("421", answers.DEFERRED), rejected=True))
        finally:
            session.flush = session.set_traffic_class = None
            if self.milters is not None:
                self.milters.quit()
            if self.ctx.message.held is not None:
                self.ctx.message.held.drop()
            if "debug.log" in session.notes:
                from eximia.acl.controls.debug import end_of_session

                end_of_session(self.ctx)
            self.stream.close()

    def set_traffic_class(self, value: int) -> None:
        """control=dscp: mark our packets of this connection."""
        from .traffic_class import set_traffic_class

        set_traffic_class(self.stream, value)

    def _finish(self, over: SessionOver, *, silent: bool = False) -> None:
        """Last words to the client and to the log."""
        if silent:
            self.out.clear()
        try:
            finish(self, over)
            self.flush(last=True)
        except NetworkError:
            self.out.clear()

    def obey(self, command: Command) -> None:
        """Obey one command."""
        session = self.ctx.session
        session.smtp_command = command.line
        session.smtp_command_argument = command.argument
        verb = command.verb
        if self.proxy_failed and verb != "QUIT":
            self.reply("503", "Command refused, required Proxy negotiation failed")
            return
        if command.nul:
            self.syntax_error(
                "NUL characters are not allowed in SMTP commands", "NUL character(s) present (shown as '?')"
            )
            return
        if self.tx.chunking and not self._allowed_between_chunks(verb):
            return
        if verb not in COMMANDS or (verb in ONLY_WITH and getattr(self.main, ONLY_WITH[verb]) is None):
            self._unknown(command)
            return
        if command.argument and verb in _WITHOUT_ARGUMENT:
            self.syntax_error("unexpected argument data")
            return
        if self.counters.counts_as_nonmail(verb) and self._too_many_nonmail(command):
            self.log_incomplete("too many non-mail commands")
            log_dropped(self, f'too many nonmail commands (last was "{printing(command.line.split(" ")[0])}")')
            raise SessionOver("bad-commands", reply=("554", "Too many nonmail commands"), status=1)
        session.command_history.append(verb)
        handler = COMMANDS.get(verb)
        assert handler is not None
        handler(self, command)
        if verb in _TRANSFERS:
            session.early_pipe_over = True

    def _unknown(self, command: Command) -> None:
        self.check_sync()
        if self.milters is not None:
            from .milters import unknown

            unknown(self, command.line)
        self.counters.unknown += 1
        self.log_syntax_error("unrecognized command", command.line)
        if self.counters.unknown > self.main.smtp_max_unknown_commands:
            self.log_incomplete("unrecognized command")
            raise SessionOver(
                "bad-commands",
                reply=("500", "Too many unrecognized commands"),
                dropped=f'too many unrecognized commands (last was "{printing(command.line)}")',
            )
        self._count_error("500", "unrecognized command")

    def _allowed_between_chunks(self, verb: str) -> bool:
        if verb in ("RSET", "QUIT"):
            return True
        if self.tx.only_rset:
            self.protocol_error("503", "only RSET accepted now")
            return False
        if verb in ("BDAT", "NOOP"):
            return True
        self.tx.only_rset = True
        self.protocol_error("503", "only BDAT permissible after non-LAST BDAT")
        return False

    def _too_many_nonmail(self, command: Command) -> bool:
        counters = self.counters
        if counters.nonmail_applies is None:
            counters.nonmail_applies = self.policy.host_in(self.ctx, "smtp_accept_max_nonmail_hosts")
        counters.nonmail += 1
        return counters.nonmail_applies and counters.nonmail > self.main.smtp_accept_max_nonmail

    # Input and output

    def next_command(self) -> Command:
        """The next command line; sends the replies that are pending before it waits."""
        while True:
            event = self.server.next_event()
            if event is not None:
                assert isinstance(event, Command)
                return event
            self.receive("command")

    def receive(self, what: str) -> None:
        """Wait for input and feed it. `what`: "command" or "data", for the log."""
        self.flush()
        may_end = what == "command"
        if may_end:
            self.connection.idle = True
        try:
            data = self.stream.recv(self.timeout)
            if not data and may_end and self.encrypted is not None:
                from .clear_again import next_in_clear

                data = next_in_clear(self)
        except NetworkError as error:
            if error.errno == ESHUTDOWN:
                text = f"{self.hostname()} Service not available - closing connection"
                raise SessionOver("signal-exit", reply=("421", text), no_mail_line=False) from None
            if error.timed_out:
                raise SessionOver(f"{what}-timeout", timeout=what) from None
            raise SessionOver("connection-lost", lost=True, where=what, status=1) from None
        if may_end:
            self.connection.idle = False
        if not data:
            raise SessionOver("connection-lost", lost=True, where=what, status=1)
        self.server.feed(data)

    def reply(self, code: str, text: str) -> None:
        """Queue a reply of one or more lines."""
        self.out.append(reply(code, text))

    def answer(self, answer: answers.Answer) -> None:
        """Queue a reply."""
        self.reply(answer.code, answer.text)

    def flush(self, *, last: bool = False) -> None:
        """Send what is queued. `last`: the session says no more."""
        if self.out:
            data = b"".join(self.out)
            self.out.clear()
            if last and self.encrypted is not None:
                self.encrypted.send(data, last=True)
            else:
                self.stream.send(data)

    def sleep(self, seconds: float) -> None:
        """Make the client wait."""
        self.flush()
        self.process.ports.clock.sleep(seconds)

    # Errors

    def syntax_error(self, text: str, why: str | None = None, *, code: str = "501") -> None:
        """Something is wrong with the data of a command."""
        self.log_syntax_error(why if why is not None else text, self.ctx.session.smtp_command)
        self._count_error(code, text)

    def protocol_error(self, code: str, text: str) -> None:
        """A command at the wrong moment."""
        process = self.process
        if process.log.selectors.smtp_protocol_error:
            session = self.ctx.session
            process.log.main(
                lines.protocol_error(session, process.log.selectors, session.smtp_command, text), self.shown_id
            )
        self._event("smtp:fail:protocol", text)
        self._count_error(code, text)

    def protocol_error_after(self, before: str, code: str, text: str) -> None:
        """As `protocol_error`, with lines before the text in the reply only."""
        log = self.process.log
        if log.selectors.smtp_protocol_error:
            session = self.ctx.session
            log.main(lines.protocol_error(session, log.selectors, session.smtp_command, text), self.shown_id)
        self._event("smtp:fail:protocol", text)
        self._count_error(code, f"{before}{text}")

    def log_syntax_error(self, why: str, line: str) -> None:
        """A line in the main log, when `smtp_syntax_error` asks for it."""
        log = self.process.log
        if log.selectors.smtp_syntax_error:
            log.main(lines.syntax_error(self.ctx.session, log.selectors, line, why), self.shown_id)
        self._event("smtp:fail:syntax", why)

    def _event(self, name: str, why: str) -> None:
        if self.main.event_action is not None:
            self.policy.event(self.ctx, name, why)

    def _count_error(self, code: str, text: str) -> None:
        self.count_error((code, f"{text}\nToo many syntax or protocol errors"))
        self.reply(code, text)

    def count_error(self, last: tuple[str, str] | None = None) -> None:
        """A syntax or protocol error; `last` is the reply when it is one too many (None: it is answered already)."""
        self.counters.errors += 1
        if self.counters.errors > self.main.smtp_max_synprot_errors:
            history = lines.commands(self.ctx.session)
            raise SessionOver(
                "bad-commands",
                reply=last,
                dropped="too many syntax or protocol errors (last command was "
                f'"{printing(self.ctx.session.smtp_command)}",  C={history})',
                status=1,
                unasked=True,
            )

    def refuse(self, option: str, result: AclResult, argument: str = "") -> str:
        """Answer a command that the ACL of `option` refused, and log it. Returns what was said, without codes.
        Ends the session when the ACL said drop."""
        refusal = self.policy.refuse(self.ctx, option, result, argument)
        self.out.append("".join([f"{line}\r\n" for line in refusal.lines]).encode("latin-1", "replace"))
        if refusal.close:
            raise SessionOver("acl-drop", drop=True)
        return answers.without_code(refusal.text)

    # Synchronisation

    def check_sync(self) -> None:
        """End the session when the client has sent more than it should have.

        While PIPECONNECT is offered (up to the first DATA or BDAT) this is left to `judge`, and commands without an ACL
        are not checked.
        """
        if not self._early and self._sync_enforced() and self.input_waiting():
            self.sync_failure()

    def judge(self, option: str, *, pipelined: bool = False) -> AclResult:
        """The verdict of the ACL of `option` on a command. While PIPECONNECT is offered, a client that sends more
        behind a command that must be the last (not `pipelined`) is sent away, but only when the ACL accepts."""
        result = self.policy.acl(self.ctx, option)
        if result.accepted and self._early and not pipelined and self._sync_enforced() and self.input_waiting():
            self.sync_failure()
        return result

    @property
    def _early(self) -> bool:
        session = self.ctx.session
        return session.early_pipe_advertised and not session.early_pipe_over

    def _sync_enforced(self) -> bool:
        session = self.ctx.session
        if not self.main.smtp_enforce_sync or not session.enforce_sync or not session.sender_host_address:
            return False
        return not session.smtp_stdin and not session.host_checking

    def input_waiting(self) -> bool:
        """Whether bytes have arrived that no command has used."""
        return bool(self.server.waiting) or self.stream.pending()

    def sync_failure(self) -> None:
        """The client talked too early: log it, say so, close."""
        session = self.ctx.session
        log = self.process.log
        waiting = self.server.waiting
        if not waiting:
            try:
                waiting = self.stream.recv(0.1)
            except NetworkError:
                waiting = b""
        if not waiting:
            raise SessionOver("connection-lost", lost=True, where="command")
        self.log_incomplete("sync failure")
        offered = "" if "PIPELINING" in self.offered else " not"
        shown = printing(waiting[:150].decode("latin-1"))
        log.reject(
            f"SMTP protocol synchronization error (next input sent too soon: pipelining was{offered} advertised): "
            f'rejected "{printing(session.smtp_command)}" {client(session, log.selectors)} next input="{shown}"'
        )
        raise SessionOver("synchronization-error", reply=("554", "SMTP synchronization error"), no_mail_line=False)

    # The transaction

    @property
    def on_stdin(self) -> bool:
        """-bs or -bh: what comes early means nothing."""
        session = self.ctx.session
        return session.smtp_stdin or session.host_checking

    @property
    def shown_id(self) -> str:
        """The message id on log lines about the session."""
        session = self.ctx.session
        return self.last_id if session.host_checking else ""

    def reset(self) -> None:
        """Forget the transaction: RSET, a greeting, the end of a message."""
        ctx = self.ctx
        held = ctx.message.held
        if held is not None:
            held.drop()
        if self.milters is not None:
            self.milters.abort()
        ctx.message = Message(size=-1)
        ctx.message.id = self.shown_id
        ctx.message.received_protocol = protocol_name(ctx.session)
        ctx.scope = Scope()
        ctx.message.suppress_local_fixups = self.settings.suppress_fixups
        for name in ctx.session.message_flags:
            setattr(ctx.message, name, True)
        self.tx = Transaction()
        ctx.session.prdr_requested = False
        if self.server.data is not None:
            self.server.abandon_message()

    def log_incomplete(self, why: str) -> None:
        """The line about a transaction that came to nothing."""
        log = self.process.log
        if self.tx.open and log.selectors.smtp_incomplete_transaction:
            log.main(
                lines.incomplete_transaction(
                    self.ctx.session, log.selectors, why, self.tx.raw_sender, self.tx.raw_recipients
                ),
                self.shown_id,
            )

    @property
    def unqualified(self) -> tuple[bool, bool]:
        """Whether senders and recipients may lack a domain."""
        found: tuple[bool, bool] = self.ctx.session.notes.get("unqualified", (False, False))
        return found

    @property
    def qualify_domain(self) -> str:
        return self.main.qualify_domain or self.process.primary_hostname

    @property
    def qualify_recipient(self) -> str:
        return self.main.qualify_recipient or self.qualify_domain

    def trusted_sender(self, sender: str) -> str:
        """The envelope sender that counts: an untrusted local caller cannot choose it (manual 49.9)."""
        facts = self.ctx.session
        message = self.ctx.message
        if facts.sender_host_address and (facts.host_checking or not facts.notes.get("address_given")):
            login, uid, gid = ourselves(self.process)
            message.originator_login, message.originator_uid, message.originator_gid = login, uid, gid
            return sender
        message.originator_login = Untainted(self.caller_login)
        message.originator_uid = self.process.caller_uid
        message.originator_gid = self.process.caller_gid
        own = f"{self.caller_login}@{self.qualify_domain}"
        if self.settings.forced_sender is not None:
            sender = self.settings.forced_sender
        elif not self.process.is_trusted and sender != own and not self.policy.sender_permitted(self.ctx, sender):
            sender = own
        message.sender_local = not self.process.is_trusted
        return sender

    def settle_after_message(self) -> None:
        """A message has been taken in; what is remembered of the connection goes on."""
        if self.settings.testing:
            self.last_id = self.ctx.message.id

    def from_line(self) -> FromLine | None:
        """Whether a "From " line may stand before the header (manual 48.4)."""
        from .from_line import allowed_from_line

        self.from_line_seen = allowed_from_line(self.ctx, self.policy)
        return self.from_line_seen

    # TLS and authentication, as far as EHLO and HELP show them

    def tls_possible(self) -> bool:
        """Whether this client may ask for TLS."""
        facts = self.ctx.session
        return not facts.smtp_batched and self.policy.host_in(self.ctx, "tls_advertise_hosts")

    def tls_offered(self) -> bool:
        """Whether STARTTLS is in the answer to EHLO."""
        if self.ctx.session.tls_in.active:
            return False
        tls = server_tls(self.process)
        return self.tls_possible() and tls is not None and tls.available(self)

    def auth_offer(self) -> str:
        """The mechanisms after the keyword AUTH, or nothing; a client that is authenticated needs none."""
        if self.ctx.session.sender_host_authenticated:
            return ""
        auth = server_auth(self.process)
        if auth is None or not self.policy.host_in(self.ctx, "auth_advertise_hosts"):
            return ""
        return " ".join(auth.mechanisms(self))

    def hostname(self) -> str:
        """The name we give ourselves."""
        return self.ctx.session.active_hostname or self.process.primary_hostname

    def peer(self) -> str:
        """The client, as it stands after "from" in log lines."""
        return peer(self.ctx.session, self.process.log.selectors)

    def duration(self) -> float:
        """Seconds since the connection came."""
        return self.process.ports.clock.time() - self.ctx.session.connected_at

    # Limits that are expanded

    def read_timeout(self) -> None:
        """`smtp_receive_timeout`, or -os."""
        given = self.settings.timeout
        self.timeout = receive_timeout(self.ctx) if given is None else given

    def number(self, option: str) -> int:
        """The value of an expanded integer option (with K and M). Raises ExpansionError."""
        return number(self.policy, self.ctx, option)

    def most_messages(self) -> int:
        """`smtp_accept_max_per_connection`; 0: no limit."""
        if self.max_messages is None:
            try:
                self.max_messages = self.number("smtp_accept_max_per_connection")
            except ExpansionError as error:
                if not isinstance(error, NotNumber):
                    self.process.log.panic(f"expansion of smtp_accept_max_per_connection failed: {error.message}")
                self.max_messages = 0
        return self.max_messages

    def prepare_throttles(self) -> None:
        """`smtp_ratelimit_mail` and `_rcpt` for a client that matches `smtp_ratelimit_hosts`."""
        if self.main.smtp_ratelimit_hosts is None or not self.policy.host_in(self.ctx, "smtp_ratelimit_hosts"):
            return
        self.mail_throttle = throttle(self.main, "smtp_ratelimit_mail")
        self.rcpt_throttle = throttle(self.main, "smtp_ratelimit_rcpt")
        if self.rcpt_throttle is not None:
            self._first_rcpt_delay = self.rcpt_throttle.delay

    def restart_rcpt_throttle(self) -> None:
        """A new message begins."""
        if self.rcpt_throttle is not None:
            self.rcpt_throttle.start(self._first_rcpt_delay)
