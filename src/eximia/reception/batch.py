"""-bS: messages in batched SMTP on standard input, without replies (manual 49.11).

The first error ends the batch; it is told to programs on standard output and to people on standard error.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted
from eximia.context import Context, Message, Recipient
from eximia.logs.lines import smtp as lines
from eximia.logs.lines.hosts import client
from eximia.message.address import AddressSyntaxError, Parsed, parse_address, qualify
from eximia.protocols.smtp.server import BodyChunk, Command, DataEnd, Header, Server

from .acceptance import (
    Arrived,
    begin_received,
    decide_queueing,
    hand_over,
    log_arrival,
    make_durable,
    merge_added_headers,
    refresh_received,
    settle_size,
)
from .body_sink import BodySink
from .ending import SessionOver
from .fixups import Origin, take_headers
from .from_line import allowed_from_line
from .numbers import complaint, number
from .policy import POLICY, Policy
from .protocol_name import syntax_options
from .received import Unreceivable
from .standard_input import local_session

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation

    from .caller import Caller


class BatchError(Exception):
    """The batch cannot go on. `text` is code and text; `command` the line at fault, if it was a command."""

    def __init__(self, text: str, command: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.command = command


class Batch:
    """One call of -bS."""

    def __init__(
        self, process: Process, call: Invocation, stream: Stream, caller: Caller, policy: Policy = POLICY
    ) -> None:
        self.process = process
        self.call = call
        self.stream = stream
        self.caller = caller
        self.policy = policy
        self.session = local_session(process, call, caller)
        self.session.smtp_batched = True
        self.session.active_hostname = process.primary_hostname
        self.qualify_senders = self.qualify_recipients = not call.unqualified_allowed
        self.server = Server()
        self.message: Message | None = None
        self.line = 0
        self.started = 0
        self.accepted = 0
        self.had_mail = False
        self.size_limit = self.recipients_max = 0

    def run(self) -> int:
        """Obey the batch; the exit status."""
        log = self.process.log
        if log.selectors.smtp_connection:
            log.main(lines.opened(self.session, log.selectors, None))
        ctx = Context(self.process, self.session)
        limit = "message_size_limit"
        try:
            if self.session.sender_host_address:
                self.qualify_senders = self.policy.host_in(ctx, "sender_unqualified_hosts")
                self.qualify_recipients = self.policy.host_in(ctx, "recipient_unqualified_hosts")
            self.size_limit = number(self.policy, ctx, limit)
            limit = "recipients_max"
            self.recipients_max = number(self.policy, ctx, limit)
            while (command := self._next()) is not None:
                if command.verb == "QUIT":
                    break
                self._obey(command)
        except ExpansionError as error:
            log.panic(complaint(limit, error))
            return 2
        except SessionOver as over:  # a list that cannot be read; the log tells
            return over.status
        except BatchError as error:
            self._tell(error)
            return 1 if self.accepted else 2
        if not self.had_mail and log.selectors.smtp_no_mail:
            log.main(lines.no_mail(self.session, log.selectors, 0.0))
        return 0

    def _next(self) -> Command | None:
        """The next command; None at the end of the input."""
        while True:
            event = self.server.next_event()
            if event is not None:
                assert isinstance(event, Command)
                self.line += 1
                return event
            data = self.stream.recv(float(self.call.smtp_timeout or 0))
            if not data:
                waiting = self.server.discard()
                if not waiting.strip():
                    return None
                data = waiting + b"\n"
            self.server.feed(data)

    def _obey(self, command: Command) -> None:
        verb = command.verb
        if verb == "MAIL":
            self._mail(command)
        elif verb == "RCPT":
            self._rcpt(command)
        elif verb == "DATA":
            self._data(command)
        elif verb in ("HELO", "EHLO", "RSET"):
            if verb != "RSET":
                self.session.sender_helo_name = command.argument
            self._reset()
        elif verb not in ("NOOP", "VRFY", "EXPN", "ETRN", "HELP"):
            raise BatchError("500 Command unrecognized", command.line)
        elif self.message is None:
            self.started = self.line

    def _reset(self) -> None:
        self.message = None
        self.started = self.line

    def _parse(self, command: Command, *, allow_null: bool) -> Parsed:
        try:
            return parse_address(command.argument, allow_null=allow_null, syntax=syntax_options(self.process.main))
        except AddressSyntaxError as error:
            raise BatchError(f"501 {error.message}", command.line) from None

    def _mail(self, command: Command) -> None:
        self.had_mail = True
        if self.message is not None:
            raise BatchError("503 Sender already given", command.line)
        if not command.argument:
            raise BatchError("501 MAIL FROM must have an address operand", command.line)
        parsed = self._parse(command, allow_null=True)
        sender = parsed.address
        if sender and not parsed.domain:
            if not self.qualify_senders:
                raise BatchError("501 sender address must contain a domain", command.line)
            sender = f"{sender}@{self.caller.qualify_domain}"
        message = self.message = Message()
        message.originator_login = Untainted(self.caller.login)
        message.originator_uid = self.caller.uid
        message.originator_gid = self.caller.gid
        message.allow_unqualified_sender = self.qualify_senders
        message.allow_unqualified_recipient = self.qualify_recipients
        message.suppress_local_fixups = self.call.suppress_fixups
        message.received_protocol = Untainted("local-bsmtp")
        if self.process.is_trusted and self.call.protocol is not None:
            message.received_protocol = self.call.protocol
        message.sender_address = sender
        if not self.process.is_trusted:
            message.sender_local = True
            if not self.policy.sender_permitted(Context(self.process, self.session, message), sender):
                message.sender_address = self.caller.address

    def _rcpt(self, command: Command) -> None:
        message = self.message
        if message is None:
            raise BatchError("503 No sender yet given", command.line)
        if not command.argument:
            raise BatchError("501 RCPT TO must have an address operand", command.line)
        parsed = self._parse(command, allow_null=False)
        address = parsed.address
        if not parsed.domain:
            if not self.qualify_recipients:
                raise BatchError("501 recipient address must contain a domain", command.line)
            address = f"{address}@{self.caller.qualify_recipient}"
        if 0 < self.recipients_max <= len(message.recipients):
            code = 552 if self.process.main.recipients_max_reject else 452
            raise BatchError(f"{code} too many recipients", command.line)
        message.recipients.append(Recipient(address))

    def _data(self, command: Command) -> None:
        message = self.message
        if message is None or not message.recipients:
            what = "RCPT TO:<recipient>" if message is not None else "MAIL FROM:<sender>"
            raise BatchError(f"503 {what} must precede DATA", command.line)
        ctx = Context(self.process, self.session, message)
        if self.policy.has_acl(ctx, "acl_not_smtp_start"):
            self.policy.acl(ctx, "acl_not_smtp_start")
        message.id, message.received_time = self.policy.new_id(ctx)
        sink = BodySink(self.process, message.id, self.process.spool.place_for(message.id, message.queue_name))
        try:
            self._take(ctx, sink)
        except BatchError:
            sink.drop()
            raise
        except Unreceivable:
            sink.drop()
            raise BatchError("421 Unexpected failure, please try later") from None
        except OSError as error:
            sink.drop()
            self.process.log.panic(f"Failed to write spool files: {error.strerror}", message.id)
            raise BatchError("451 Temporary local problem - please try later") from None
        self.accepted += 1
        self._reset()

    def _take(self, ctx: Context, sink: BodySink) -> None:
        message = ctx.message
        server = self.server
        from_line = allowed_from_line(ctx, self.policy)
        server.begin_data(from_line)
        main = self.process.main
        resent = False
        while True:
            event = server.next_event()
            if event is None:
                reader = server.data
                if reader is not None and reader.header.size > main.header_maxsize and not reader.header.complete:
                    raise BatchError("552 Message header is ridiculously long")
                data = self.stream.recv(float(self.call.smtp_timeout or 0))
                if not data:
                    self._lost(ctx)
                server.feed(data)
            elif isinstance(event, Header):
                if from_line is not None and from_line.sender and self.process.is_trusted:
                    message.sender_address = qualify(from_line.sender, self.caller.qualify_domain)
                message.headers, resent = take_headers(main, event.fields)
                message.received_count = sum(one.type == "P" for one in message.headers)
            elif isinstance(event, BodyChunk):
                sink.write(event.data)
                if 0 < self.size_limit < sink.size and sink.stored:
                    sink.forget()
            else:
                assert isinstance(event, DataEnd)
                break
        reader = server.data
        assert reader is not None
        self.line += reader.body_lines + sum(one.text.count("\n") for one in message.headers)
        # the blank line and the dot; a dot inside the header is not counted, as with Exim
        self.line += 2 if reader.header.separated else 0
        self._finish(ctx, sink, reader, resent=resent)

    def _lost(self, ctx: Context) -> None:
        """The batch ended inside a message."""
        reader = self.server.data
        log = self.process.log
        where = "lost while reading message data"
        if reader is not None:
            if not reader.header.complete:
                started = self.server.at_line_start
                where += " (after header)" if started else " (header)"
                self.line += started
            self.line += reader.body_lines + sum(field.count("\n") for field in reader.header.fields)
        log.main(lines.closed(ctx.session, log.selectors, where))
        raise BatchError("421 Lost incoming connection")

    def _finish(self, ctx: Context, sink: BodySink, reader: object, *, resent: bool) -> None:
        message = ctx.message
        arrived = Arrived(
            Origin(
                local=not self.session.sender_host_address,
                trusted=self.process.is_trusted,
                login=self.caller.login,
                name=self.caller.name,
                own_sender=message.sender_local,
                name_given=self.caller.name_given,
                qualify_senders=self.qualify_senders,
                qualify_recipients=self.qualify_recipients,
                qualify_domain=self.caller.qualify_domain,
                qualify_recipient=self.caller.qualify_recipient,
            ),
            raw_sender=message.sender_address,
            raw_recipients=[recipient.address for recipient in message.recipients],
            delivery=self.call.delivery,
            resent=resent,
        )
        if not sink.stored:
            self._too_big(ctx, sink, arrived)
        message.body = sink.body()
        settle_size(ctx, reader)
        begin_received(ctx, self.policy, arrived)
        if 0 < self.size_limit < message.size:
            self._too_big(ctx, sink, arrived)
        self._judge(ctx)
        merge_added_headers(ctx)
        refresh_received(ctx, self.policy, arrived)
        settle_size(ctx, reader, final=True)
        log = self.process.log
        if not message.recipients:
            sink.drop()
            log_arrival(ctx, arrived)
            by = message.notes.get("discarded_by", "non-SMTP")
            log.main(f"=> blackhole ({by} ACL discarded recipients)", message.id)
            log.main("Completed", message.id)
            return
        limit = self.process.main.smtp_accept_queue_per_connection
        if 0 < limit <= self.accepted:
            arrived.put_off = f"more than {limit} messages received in one connection"
        queue = decide_queueing(ctx, arrived, smtp=True)
        locked = make_durable(ctx, arrived, sink.fd)
        log_arrival(ctx, arrived)
        if message.frozen:
            from .freezing import note_frozen

            note_frozen(ctx)
        if not hand_over(ctx, locked, queue=queue or message.frozen, put_off=arrived.put_off):
            raise SystemExit(1)

    def _too_big(self, ctx: Context, sink: BodySink, arrived: Arrived) -> None:
        message = ctx.message
        log = self.process.log
        size = sum([len(header.text) for header in message.headers]) + 1 + sink.size
        if log.selectors.size_reject:
            log.reject(
                f"rejected from <{message.sender_address}> {client(ctx.session, log.selectors)}: message too big: "
                f"read={size} max={self.size_limit}",
                message.id,
                sender=message.sender_address,
                recipients=arrived.raw_recipients,
                headers=[header for header in message.headers if header is not arrived.received],
            )
        raise BatchError("552 Message size exceeds maximum permitted")

    def _judge(self, ctx: Context) -> None:
        """acl_not_smtp_mime, acl_not_smtp."""
        options = ("acl_not_smtp", "acl_not_smtp_mime", "milters_not_smtp")
        if not any(self.policy.has_acl(ctx, option) for option in options):
            return
        from eximia.acl.result import Outcome

        result = self.policy.judge_local(ctx)
        if result.outcome is Outcome.DISCARD:
            ctx.message.recipients.clear()
        elif result.outcome is not Outcome.ACCEPT:
            self.policy.refuse(ctx, "acl_not_smtp", result)
            raise BatchError(f"550 {result.user_message or 'Administrative prohibition'}")

    def _tell(self, error: BatchError) -> None:
        """Report what ended the batch."""
        command = f"{error.command}\n" if error.command else ""
        sys.stdout.write(
            f"{error.text}\nTransaction started in line {self.started}\nError detected in line {self.line}\n{command}"
        )
        sys.stdout.flush()
        fault = f"The SMTP command at fault was:\n\n   {error.command}\n\n" if error.command else ""
        one = self.accepted == 1
        sys.stderr.write(
            "An error was detected while processing a file of BSMTP input.\nThe error message was:\n\n"
            f"  {error.text}\n\nThe SMTP transaction started in line {self.started}.\n"
            f"The error was detected in line {self.line}.\n{fault}"
            f"{self.accepted} previous message{'' if one else 's'} {'was' if one else 'were'} successfully processed.\n"
            "The rest of the batch was abandoned.\n"
        )
        sys.stderr.flush()


def run_batch(process: Process, call: Invocation, stream: Stream, caller: Caller) -> int:
    """-bS: 0 without errors; else 1 when some messages were accepted, or 2."""
    return Batch(process, call, stream, caller).run()
