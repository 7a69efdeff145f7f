"""Taking in the message of an SMTP transaction: DATA and BDAT up to the final reply (manual 44.6 to 44.9, 48, 53.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import NetworkError
from eximia.context import Body
from eximia.logs.lines import smtp as lines
from eximia.logs.lines.hosts import client, full_host
from eximia.protocols.smtp.server import BodyChunk, DataEnd, Header

from . import answers
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
from .protocol_name import protocol_name
from .received import Unreceivable
from .recipient_data import run_prdr

if TYPE_CHECKING:
    from eximia.acl.result import AclResult
    from eximia.acl.signatures.arriving import Arriving
    from eximia.transports.smtp.cutthrough import Cutthrough

    from .session import SmtpSession


class Rejected(Exception):
    """The message is refused: `answer` for the client; what goes to the log has been written."""

    def __init__(self, answer: answers.Answer | None, *, drop: bool = False) -> None:
        super().__init__("rejected")
        self.answer = answer
        self.drop = drop


class Incoming:
    """One message while it comes in, over one DATA or several BDAT commands."""

    __slots__ = ("arrived", "arriving", "failure", "header_seen", "mended", "sink", "through", "too_big")

    def __init__(self, session: SmtpSession) -> None:
        ctx = session.ctx
        message = ctx.message
        message.id, message.received_time = session.policy.new_id(ctx)
        message.received_protocol = protocol_name(ctx.session, utf8=message.smtputf8)
        place = None
        if not session.settings.testing:
            place = session.process.spool.place_for(message.id, message.queue_name)
        self.sink = BodySink(session.process, message.id, place)
        self.arrived = Arrived(
            origin(session),
            raw_sender=session.tx.raw_sender,
            raw_recipients=session.tx.raw_recipients,
            delivery=session.settings.delivery,
        )
        self.header_seen = False
        #: why the message cannot be accepted: reply text; the log has been told
        self.failure: tuple[str, str] | None = None
        self.too_big = False
        #: what hashes the body for its signatures
        self.arriving: Arriving | None = None
        #: the header has our Received: line and is complete, before the body has come
        self.mended = False
        #: the way to the next server that takes it as it comes in
        self.through: Cutthrough | None = None


def origin(session: SmtpSession) -> Origin:
    """Where messages of this session come from, for the fix-ups."""
    facts = session.ctx.session
    message = session.ctx.message
    process = session.process
    local = not facts.sender_host_address
    return Origin(
        local=local,
        trusted=process.is_trusted if local else True,
        login=session.caller_login,
        name=session.caller_name,
        own_sender=local and message.sender_local,
        qualify_senders=message.allow_unqualified_sender,
        qualify_recipients=message.allow_unqualified_recipient,
        qualify_domain=session.qualify_domain,
        qualify_recipient=session.qualify_recipient,
    )


def take_message(session: SmtpSession) -> None:
    """Read the message after DATA has been answered, and answer it."""
    incoming = Incoming(session)
    if session.ctx.message.cutthrough:
        from .cutthrough import begin

        begin(session, incoming)
    _read(session, incoming)
    _conclude(session, incoming)


def take_chunk(session: SmtpSession, size: int, *, last: bool) -> None:
    """Read one BDAT chunk and answer it; with the last one the message is complete."""
    tx = session.tx
    incoming: Incoming | None = tx.incoming
    if incoming is None:
        incoming = tx.incoming = Incoming(session)
        incoming.sink.wire = session.main.spool_wireformat
        tx.chunking = True
        session.server.abandon_message()
    session.server.begin_chunk(size, last=last, wire=incoming.sink.wire)
    _read(session, incoming)
    tx.chunk_size = size
    if incoming.failure is not None and not last:
        # The client is told at once; what it has sent ahead is not taken.
        code, text = incoming.failure
        incoming.sink.drop()
        session.reset()
        session.reply(code, text)
        return
    if not last:
        session.reply("250", f"{size} byte chunk received")
        return
    _conclude(session, incoming)


def _read(session: SmtpSession, incoming: Incoming) -> None:
    """Read to the end of the message or chunk."""
    server = session.server
    while True:
        event = server.next_event()
        if event is None:
            reader = server.data
            if reader is not None and not incoming.header_seen and reader.header.size > session.main.header_maxsize:
                _header_too_long(session, incoming)
                reader.header.give_up()
            _wait(session, incoming)
        elif isinstance(event, BodyChunk):
            _store(session, incoming, event.data)
        elif isinstance(event, Header):
            incoming.header_seen = True
            _header(session, incoming, event)
        else:
            assert isinstance(event, DataEnd)
            return


def _wait(session: SmtpSession, incoming: Incoming) -> None:
    """More input; the end of the connection is the end of the message."""
    try:
        session.receive("data")
    except SessionOver as over:
        incoming.sink.drop()
        _stop_passing(incoming)
        if over.timeout:
            if not incoming.header_seen and not session.server.header_done:
                session.ctx.message.id = ""
            over.no_mail_line = False
            raise
        log = session.process.log
        facts = session.ctx.session
        where = "lost while reading message data"
        if not incoming.header_seen:
            where += " (after header)" if session.server.at_line_start else " (header)"
        log.main(lines.closed(facts, log.selectors, where), "")
        raise SessionOver("connection-lost", lost=True, where="data", no_mail_line=False, status=1) from None


def _header(session: SmtpSession, incoming: Incoming, event: Header) -> None:
    """The header has come: mend it, so that what follows can look at it."""
    if incoming.failure is not None:
        return
    main = session.main
    ctx = session.ctx
    longest = main.header_line_maxsize
    if longest > 0 and any(len(field) > longest for field in event.fields):
        incoming.failure = ("552", "A message header line is too long")
        _log_abandoned(session, f"overlong message header line received from {{}} (more than {longest} characters)")
        return
    reader = session.server.data
    if reader is not None and reader.header.size > main.header_maxsize:
        _header_too_long(session, incoming)
        return
    if ctx.message.by_chunks and not event.crlf and event.fields:
        incoming.failure = ("552", "Message header not CRLF terminated")
        return
    message = ctx.message
    from_line = session.from_line_seen
    if from_line is not None and from_line.sender and session.on_stdin and session.process.is_trusted:
        message.sender_address = from_line.address(session.qualify_domain) or message.sender_address
    headers, incoming.arrived.resent = take_headers(main, event.fields)
    message.headers = headers
    message.received_count = sum(header.type == "P" for header in headers)
    incoming.arriving = session.policy.begin_signatures(ctx, event.fields)
    if incoming.through is not None:
        from .cutthrough import pass_header

        try:
            begin_received(ctx, session.policy, incoming.arrived)
        except Unreceivable:
            _stop_passing(incoming)
            return  # it is the end of the message that is answered
        incoming.mended = True
        merge_added_headers(ctx)
        pass_header(session, incoming)


def _stop_passing(incoming: Incoming) -> None:
    if incoming.through is not None:
        from .cutthrough import drop

        drop(incoming)


def _header_too_long(session: SmtpSession, incoming: Incoming) -> None:
    if incoming.failure is not None:
        return
    limit = session.main.header_maxsize
    incoming.failure = ("552", "Message header is ridiculously long")
    incoming.sink.forget()
    _log_abandoned(session, f"ridiculously long message header received from {{}} (more than {limit} characters)")


def _log_abandoned(session: SmtpSession, text: str) -> None:
    log = session.process.log
    facts = session.ctx.session
    who = full_host(facts, log.selectors) or facts.sender_ident
    log.main(f"{text.format(who)}: message abandoned")


def _store(session: SmtpSession, incoming: Incoming, data: bytes) -> None:
    """A piece of the body."""
    sink = incoming.sink
    if incoming.failure is not None:
        return
    limit = session.size_limit
    if limit > 0 and not incoming.too_big:
        header = sum([len(one.text) for one in session.ctx.message.headers])
        if header + 1 + sink.size + len(data) > limit:
            incoming.too_big = True
            sink.forget()
    if incoming.through is not None:
        from .cutthrough import pass_on

        pass_on(incoming, data)
    if incoming.arriving is not None:
        # A piece does not end between CR and LF.
        incoming.arriving.feed(data.replace(b"\r\n", b"\n") if sink.wire else data)
    try:
        sink.write(data)
    except OSError as error:
        sink.forget()
        incoming.failure = ("451", "Temporary local problem - please try later")
        session.process.log.panic(
            f"Write error while storing message from {client(session.ctx.session, session.process.log.selectors)}: "
            f"{error.strerror}"
        )


def _conclude(session: SmtpSession, incoming: Incoming) -> None:
    """The message is complete: judge it, keep it, answer, hand it on."""
    ctx = session.ctx
    message = ctx.message
    session.last_id = ""
    queue = False
    locked = None
    try:
        _judge(session, incoming)
        if incoming.through is not None:
            _pass_last(session, incoming)
        discarded = not message.recipients or session.tx.passed_on
        if not session.settings.testing and not discarded:
            queue = _queueing(session, incoming)
            try:
                locked = make_durable(ctx, incoming.arrived, incoming.sink.fd)
            except OSError as error:
                session.process.log.panic(f"Failed to write spool files: {error.strerror}", message.id)
                raise Rejected(answers.Answer("451", answers.DEFERRED)) from None
    except Unreceivable:
        incoming.sink.drop()
        _stop_passing(incoming)
        reply = ("421", "Unexpected failure, please try later")
        raise SessionOver("local-failure", reply=reply, message_id=message.id, status=1, unasked=True) from None
    except Rejected as refusal:
        incoming.sink.drop()
        _stop_passing(incoming)
        if refusal.answer is not None:
            session.answer(refusal.answer)
        if refusal.drop:
            raise SessionOver("acl-drop", drop=True, message_id=message.id, status=1) from None
        session.reset()
        return
    log_arrival(ctx, incoming.arrived)
    # Nobody asks any more, and delivery may keep the message for long.
    message.notes.pop("signatures", None)
    if (message.frozen and locked is not None) or (message.freeze and session.settings.testing and message.recipients):
        from .freezing import note_frozen

        note_frozen(ctx)
    if not message.recipients:
        _blackholed(session)
    elif session.tx.passed_on:
        session.process.log.main("Completed", message.id)
        incoming.sink.drop()
    ctx.session.messages_accepted += 1
    session.counters.new_message()
    try:
        _answer_accepted(session, incoming)
        session.flush()
    except NetworkError:
        pass  # the message is ours; the client will learn it another way
    facts = ctx.session
    session.settle_after_message()
    if locked is not None:
        from eximia.context import Context

        done = Context(ctx.process, facts, message)
        held, message.held = message.held, None
        session.reset()
        message.held = held
        if not hand_over(done, locked, queue=queue, put_off=incoming.arrived.put_off):
            raise SystemExit(1)  # mua_wrapper: the caller learns of the failure, and nothing else is done
    else:
        session.reset()


def _pass_last(session: SmtpSession, incoming: Incoming) -> None:
    """The message went on while it came in: what the next server says now is the answer. Raises Rejected."""
    message = session.ctx.message
    if not message.recipients or message.fake_response or message.freeze:
        _stop_passing(incoming)
        return
    from .cutthrough import conclude

    answer = conclude(session, incoming)
    if answer is not None:
        raise Rejected(answer)


def _queueing(session: SmtpSession, incoming: Incoming) -> bool:
    """Whether delivery begins at once; `smtp_accept_queue` and `smtp_accept_queue_per_connection` too."""
    main = session.main
    facts = session.ctx.session
    arrived = incoming.arrived
    total = session.admission.total
    if main.smtp_accept_queue > 0 and total is not None and total > main.smtp_accept_queue:
        arrived.put_off = f"too many connections ({total}, max {main.smtp_accept_queue})"
    elif 0 < main.smtp_accept_queue_per_connection <= facts.messages_accepted:
        arrived.put_off = f"more than {main.smtp_accept_queue_per_connection} messages received in one connection"
    return decide_queueing(session.ctx, arrived, smtp=True)


def _judge(session: SmtpSession, incoming: Incoming) -> None:
    """Size, scanners and ACLs. Raises Rejected."""
    ctx = session.ctx
    message = ctx.message
    arrived = incoming.arrived
    if incoming.failure is not None:
        raise Rejected(answers.Answer(*incoming.failure))
    if incoming.too_big:
        _too_big(session, incoming)
    message.body = incoming.sink.body() if incoming.sink.stored else Body(b"")
    reader = session.server.data
    # $message_size in the DATA ACLs does not count what we add.
    settle_size(ctx, reader)
    if not incoming.mended:
        begin_received(ctx, session.policy, arrived)
        merge_added_headers(ctx)
    if message.recipients:
        _data_acls(session, incoming)
    if message.discarded:
        session.tx.discarded_by = session.tx.discarded_by or "DATA"
        message.recipients.clear()
    settle_size(ctx, reader, final=True)


def _too_big(session: SmtpSession, incoming: Incoming) -> None:
    ctx = session.ctx
    log = session.process.log
    size = sum([len(header.text) for header in ctx.message.headers]) + 1 + incoming.sink.size
    if log.selectors.size_reject:
        log.reject(
            f"rejected from <{ctx.message.sender_address}> {_sender(session)}: message too big: "
            f"read={size} max={session.size_limit}",
            ctx.message.id,
            sender=ctx.message.sender_address,
            recipients=[recipient.address for recipient in ctx.message.recipients],
            headers=ctx.message.headers,
        )
    raise Rejected(answers.Answer("552", "Message size exceeds maximum permitted"))


def _sender(session: SmtpSession) -> str:
    """`H=... U=...`, without the interface."""
    facts = session.ctx.session
    host = full_host(facts, session.process.log.selectors)
    ident = f"U={facts.sender_ident}" if facts.sender_ident else ""
    return f"H={host} {ident}".rstrip() if host else ident


def _data_acls(session: SmtpSession, incoming: Incoming) -> None:
    """acl_smtp_dkim, acl_smtp_mime, acl_smtp_data_prdr, acl_smtp_data, in this order. Raises Rejected."""
    ctx = session.ctx
    message = ctx.message
    policy = session.policy
    policy.verify_signatures(session, _refuse_data)
    if message.discarded:
        return
    if policy.has_acl(ctx, "acl_smtp_mime"):
        if not policy.scan_mime(session, _refuse_data):
            return
    ctx.session.prdr_requested = session.tx.prdr and len(message.recipients) > 1
    if ctx.session.prdr_requested:
        run_prdr(session)
    if policy.has_acl(ctx, "acl_smtp_data"):
        result = policy.acl(ctx, "acl_smtp_data")
        if "dmarc" in message.notes:
            policy.settle_dmarc(ctx, rejected=not result.accepted or bool(message.fake_response))
        if not result.accepted:
            merge_added_headers(ctx)
            _refuse_data(session, result, "acl_smtp_data")
        from eximia.acl.result import Outcome

        if result.outcome is Outcome.DISCARD:
            message.discarded = True
            session.tx.discarded_by = "DATA"
            if result.log_message:
                message.notes["discard_log"] = result.log_message
        if result.user_message:
            session.tx.final_answer = answers.accepted(ctx, result, "250", "OK")
    if incoming.mended and (message.added_headers or message.removed_headers):
        _tell_too_late(session)
    merge_added_headers(ctx)
    if session.milters is not None and message.recipients and not message.discarded:
        from .milters import message as ask

        refused = ask(session)
        if refused is not None:
            _refuse_data(session, refused, "acl_smtp_data")
    if message.recipients and incoming.arrived.received is not None:
        refresh_received(ctx, policy, incoming.arrived)


def _tell_too_late(session: SmtpSession) -> None:
    session.process.log.panic(
        "Header modification in data ACLs will not take effect on cutthrough deliveries", session.ctx.message.id
    )


def _refuse_data(session: SmtpSession, result: AclResult, option: str) -> None:
    """The ACL of `option` refused the message. Raises Rejected; the reply is queued and the logs are written."""
    try:
        session.refuse(option, result)
    except SessionOver:
        raise Rejected(None, drop=True) from None
    raise Rejected(None)


def _blackholed(session: SmtpSession) -> None:
    """Nobody is left to deliver to."""
    message = session.ctx.message
    log = session.process.log
    text = f"=> blackhole ({session.tx.discarded_by or 'DATA'} ACL discarded recipients)"
    extra = message.notes.get("discard_log", "")
    log.main(f"{text}: {extra}" if extra else text, message.id)
    log.main("Completed", message.id)


def _answer_accepted(session: SmtpSession, incoming: Incoming) -> None:
    """The reply to the end of the message."""
    ctx = session.ctx
    message = ctx.message
    tx = session.tx
    if message.fake_response:
        code = "550" if message.fake_response == "reject" else "450"
        answer = answers.first_line(ctx, answers.plain(message.fake_response_text, code))
    elif tx.prdr_answer is not None:
        answer = tx.prdr_answer
    elif tx.final_answer is not None:
        answer = tx.final_answer
    else:
        answer = answers.Answer("250", f"OK id={message.id}")
    if message.by_chunks and answer is not tx.prdr_answer:
        text = f"{answer.code[:3]}- {tx.chunk_size} byte chunk, total {_wire_size(session)}\r\n"
        session.out.append(text.encode("latin-1"))
    session.answer(answer)
    if session.settings.testing:
        session.last_id = message.id
        session.out.append(b"\n**** SMTP testing: that is not a real message id!\n\n")


def _wire_size(session: SmtpSession) -> int:
    """The size of a message that came in chunks, with proper line ends."""
    reader = session.server.data
    if reader is None:
        return 0
    header = reader.header
    size = sum([len(field) + field.count("\n") for field in header.fields])
    if header.separated or not header.fields:
        size += 2
    return size + reader.body_size + reader.body_lines
