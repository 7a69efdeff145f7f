"""A message handed in on standard input: `sendmail address...`, `-t` (manual 5.3 -bm, 48)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import ExpansionError, NetworkError
from eximia.base.text import Untainted
from eximia.context import Context, Message, Recipient, Session
from eximia.logs.lines.hosts import client, full_host
from eximia.logs.printing import printing
from eximia.message.address import AddressSyntaxError, Syntax, addresses_in, parse_address, split_list
from eximia.message.header import DELETED
from eximia.protocols.smtp.server.data import DotReader, StreamReader

from . import troubles
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
from .complaint import Copy, report, say
from .fixups import Origin, take_headers
from .from_line import FromLine
from .not_smtp import begin, judge, log_discarded, log_unusable
from .numbers import NotNumber, number
from .policy import POLICY, Policy
from .received import Unreceivable
from .session_ids import new_connection_id
from .standard_input import given_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eximia.base.ports import Stream
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation

    from .caller import Caller

#: pieces of standard input
_PIECE = 65536


class Refused(Exception):
    """The message is not taken. `status`: the exit status when nothing else decides it."""

    def __init__(self, status: int = 1) -> None:
        super().__init__("refused")
        self.status = status


@dataclass(slots=True)
class Submission:
    """One call while it is carried out."""

    process: Process
    call: Invocation
    caller: Caller
    stream: Stream
    policy: Policy
    ctx: Context
    syntax: Syntax
    origin: Origin
    #: -oe letter
    errors: str
    size_limit: int = 0
    recipients_max: int = 0
    raw_recipients: list[str] = field(default_factory=list)
    #: with -t: the addresses on the command line
    extra: list[str] = field(default_factory=list)
    #: one of them stood in the header and was left out
    overridden: bool = False
    sender_given: bool = False


def receive_local(
    process: Process, call: Invocation, stream: Stream, caller: Caller, *, policy: Policy = POLICY
) -> int:
    """Take the message; the exit status."""
    try:
        submission = _prepare(process, call, stream, caller, policy)
        return _receive(submission)
    except Refused as refused:
        return refused.status


def _prepare(process: Process, call: Invocation, stream: Stream, caller: Caller, policy: Policy) -> Submission:
    """Session, sender, limits. Raises Refused."""
    main = process.main
    session = Session(sender_ident=Untainted(caller.login), active_hostname=process.primary_hostname)
    session.connection_id = new_connection_id(process)
    message = Message()
    ctx = Context(process, session, message)
    message.originator_login = Untainted(caller.login)
    message.originator_uid = caller.uid
    message.originator_gid = caller.gid
    message.originator_name = caller.name
    message.suppress_local_fixups = call.suppress_fixups
    message.local_error_message = call.local_error_message
    message.notes["dont_deliver"] = call.dont_deliver
    message.received_protocol = Untainted("local")
    qualify = not call.unqualified_allowed
    message.allow_unqualified_sender = message.allow_unqualified_recipient = qualify
    own = not process.is_trusted or call.sender is None
    if own:
        session.authenticated_id = Untainted(caller.login)
        session.authenticated_sender = Untainted(caller.address)
    if call.program.rsplit("/", 1)[-1] == "rmail":
        message.received_protocol = Untainted("local-rmail")
    if process.is_trusted:
        given_facts(session, call)
        if call.protocol is not None:
            message.received_protocol = call.protocol
    syntax = Syntax(
        allow_domain_literals=main.allow_domain_literals,
        strip_trailing_dot=main.strip_trailing_dot,
        strip_excess_angle_brackets=main.strip_excess_angle_brackets,
        allow_utf8_domains=main.allow_utf8_domains,
    )
    origin = Origin(
        local=not session.sender_host_address,
        stdin=True,
        trusted=process.is_trusted,
        login=caller.login,
        name=caller.name,
        own_sender=own,
        name_given=caller.name_given,
        qualify_senders=qualify,
        qualify_recipients=qualify,
        qualify_domain=caller.qualify_domain,
        qualify_recipient=caller.qualify_recipient,
    )
    errors = call.error_handling or "m"
    if main.mua_wrapper:
        # who waits for the outcome of the delivery is told at once of everything else, too
        errors = "p"
        if not process.log.verbose:
            process.log.stderr = -1
    submission = Submission(process, call, caller, stream, policy, ctx, syntax, origin, errors)
    _sender(submission)
    submission.size_limit = _limit(submission, "message_size_limit")
    submission.recipients_max = _limit(submission, "recipients_max")
    return submission


def _limit(submission: Submission, option: str) -> int:
    try:
        return number(submission.policy, submission.ctx, option)
    except ExpansionError as error:
        what = "invalid value for" if isinstance(error, NotNumber) else "failed to expand"
        submission.process.log.panic(f"{what} {option}: {error.message}")
        raise Refused from None


def _sender(submission: Submission) -> None:
    """-f, where it is permitted; else the caller."""
    call = submission.call
    caller = submission.caller
    message = submission.ctx.message
    message.sender_address = caller.address
    message.sender_local = not submission.process.is_trusted or call.sender is None
    if call.sender is None:
        return
    address = call.sender
    if submission.process.is_trusted or not address or submission.policy.sender_permitted(submission.ctx, address):
        message.sender_address = address
    else:
        return
    submission.sender_given = True
    message.sender_set_untrusted = not submission.process.is_trusted


def _receive(submission: Submission) -> int:
    ctx = submission.ctx
    message = ctx.message
    if submission.call.extract_recipients:
        submission.extra = _extra(submission)
    else:
        _argument_recipients(submission)
    begin(ctx, submission.policy)
    message.id, message.received_time = submission.policy.new_id(ctx)
    place = submission.process.spool.place_for(message.id, message.queue_name)
    sink = BodySink(submission.process, message.id, place)
    try:
        return _take(submission, sink)
    except Refused:
        sink.drop()
        raise
    except Unreceivable:
        sink.drop()
        return 1
    except OSError as error:
        sink.drop()
        submission.process.log.panic(f"Failed to write spool files: {error.strerror}", message.id)
        say(f"failed to write the message: {error.strerror}")
        return 1


def _argument_recipients(submission: Submission) -> None:
    """The recipients on the command line. Raises Refused after telling of a bad one."""
    limit = submission.recipients_max
    message = submission.ctx.message
    for argument in submission.call.arguments:
        if argument and argument.lstrip(" \t\n")[:1] in ("", ","):
            _bad_argument(submission, argument, "empty address")
        for text in split_list(argument):
            if 0 < limit <= len(message.recipients):
                _complain_early(submission, troubles.TOO_MANY, "too many recipients", limit=limit)
            try:
                parsed = parse_address(text, syntax=submission.syntax)
            except AddressSyntaxError as error:
                _bad_argument(submission, argument, error.message)
            address = parsed.address
            submission.raw_recipients.append(address)
            if not parsed.domain:
                if not submission.origin.qualify_recipients:
                    _bad_argument(submission, argument, "unqualified recipient address not allowed")
                address = f"{address}@{submission.caller.qualify_recipient}"
            message.recipients.append(Recipient(address))


def _bad_argument(submission: Submission, argument: str, why: str) -> NoReturn:
    """An argument with a malformed address, which is shown whole. Raises Refused."""
    text = f'bad recipient address "{printing(argument)}": {why}'
    _complain_early(submission, troubles.BAD_ADDRESS, text, details=[(argument, why)])


def _complain_early(
    submission: Submission,
    trouble: troubles.Trouble,
    text: str,
    *,
    details: Sequence[troubles.Details] = (),
    limit: int = 0,
) -> NoReturn:
    """Before the message has been read. Raises Refused."""
    if submission.errors in ("p", "q"):
        say(text)
        raise Refused
    reader = _reader(submission, None)
    body = b"".join(_pieces(submission, reader, raw=True))
    _by_mail(submission, trouble, Copy(header_text=body.decode("latin-1"), early=True), details=details, limit=limit)


def _status(submission: Submission, trouble: troubles.Trouble, *, sent: bool) -> int:
    """The exit status after a report by mail (manual 5.3, -oee and -oem)."""
    if submission.errors != "e":
        return 1
    if sent:
        return 0
    return trouble.unsent_status


def _reader(submission: Submission, first_line: FromLine | None) -> DotReader | StreamReader:
    if submission.call.dot_ends:
        return DotReader(first_line, unstuff=False)
    return StreamReader(first_line)


def _pieces(submission: Submission, reader: DotReader | StreamReader, *, raw: bool = False) -> list[bytes]:
    """All of the message, for a report: as it came (`raw`) up to its end."""
    pieces: list[bytes] = []
    while not reader.ended:
        data = _read(submission)
        if not data:
            break
        pieces.append(data)
        reader.feed(data)
    text = b"".join(pieces)
    if isinstance(reader, DotReader) and reader.ended and raw:
        end = text.find(b"\n.\n")
        text = text[: end + 1] if end >= 0 else text
    if text and not text.endswith(b"\n"):
        text += b"\n"
    return [text]


def _read(submission: Submission) -> bytes:
    """A piece of standard input; empty at its end. Raises Refused after a time-out."""
    timeout = submission.call.receive_timeout
    if timeout is None:
        timeout = submission.process.main.receive_timeout
    try:
        return submission.stream.recv(float(timeout))
    except NetworkError as error:
        if error.timed_out:
            say("timed out while reading - message abandoned")
            submission.process.log.main(
                f"timed out while reading local message: sender=<{submission.ctx.message.sender_address}>"
            )
            raise Refused from None
        return b""


def _take(submission: Submission, sink: BodySink) -> int:
    """Read the message, judge it, keep it."""
    ctx = submission.ctx
    message = ctx.message
    from_line = FromLine(ctx)
    reader = _reader(submission, from_line)
    limit = submission.process.main.header_maxsize
    while not reader.ended:
        data = _read(submission)
        body = reader.feed(data) if data else reader.end()
        header = reader.header
        if header.size > limit:
            _header_trouble(submission, troubles.LONG_HEADER, reader, data)
        if body:
            _store(submission, sink, reader, body)
    fields = reader.header.fields
    longest = submission.process.main.header_line_maxsize
    if longest > 0 and any(len(one) > longest for one in fields):
        _header_trouble(submission, troubles.LONG_LINE, reader, b"")
    if from_line.sender and not submission.sender_given:
        _use_from_line(submission, from_line.sender)
    arrived = Arrived(
        submission.origin,
        raw_sender=submission.caller.address
        if from_line.sender and not submission.sender_given
        else message.sender_address,
        raw_recipients=submission.raw_recipients,
        reference=submission.call.error_reference or submission.call.message_reference or "",
        delivery=submission.call.delivery,
    )
    headers, arrived.resent = take_headers(submission.process.main, fields)
    message.headers = headers
    message.received_count = sum(one.type == "P" for one in headers)
    bad = _extract(submission, arrived) if submission.call.extract_recipients else []
    message.body = sink.body()
    # What we add is not counted before the message is accepted.
    settle_size(ctx, reader)
    begin_received(ctx, submission.policy, arrived)
    merge_added_headers(ctx)
    if bad or (submission.call.extract_recipients and not message.recipients):
        _bad_extraction(submission, bad)
    _judge(submission, arrived)
    merge_added_headers(ctx)
    if message.discarded:
        message.recipients.clear()
    refresh_received(ctx, submission.policy, arrived)
    settle_size(ctx, reader, final=True)
    return _keep(submission, arrived, sink)


def _use_from_line(submission: Submission, text: str) -> None:
    """The sender that a "From " line names."""
    message = submission.ctx.message
    try:
        parsed = parse_address(text, allow_null=True, syntax=submission.syntax)
    except AddressSyntaxError:
        return
    address = parsed.address
    if address and not parsed.domain:
        address = f"{address}@{submission.caller.qualify_domain}"
    if not submission.process.is_trusted:
        if submission.policy.sender_permitted(submission.ctx, address):
            message.sender_address = address
        return
    message.sender_address = address
    message.sender_local = False
    submission.origin.own_sender = False
    submission.ctx.session.authenticated_sender = ""


def _store(submission: Submission, sink: BodySink, reader: DotReader | StreamReader, body: bytes) -> None:
    """A piece of the body. Raises Refused when the message is too big."""
    limit = submission.size_limit
    header = sum([len(one) for one in reader.header.fields])
    if 0 < limit < header + sink.size + len(body):
        _too_big(submission, sink, reader, body)
    sink.write(body)


def _too_big(submission: Submission, sink: BodySink, reader: DotReader | StreamReader, body: bytes) -> None:
    ctx = submission.ctx
    message = ctx.message
    log = submission.process.log
    limit = submission.size_limit
    headers, resent = take_headers(submission.process.main, reader.header.fields)
    message.headers = headers
    arrived = Arrived(submission.origin, resent=resent)
    begin_received(ctx, submission.policy, arrived)
    shown = [header for header in message.headers if header is not arrived.received]
    if log.selectors.size_reject:
        log.reject(
            f"rejected from <{message.sender_address}> {client(ctx.session, log.selectors)}: message too big: "
            f"read={limit + 1} max={limit}",
            message.id,
            sender=message.sender_address,
            recipients=[recipient.address for recipient in message.recipients],
            headers=shown,
        )
    if submission.errors in ("p", "q"):
        say(f"message rejected: message too big (max={limit})")
        raise Refused
    kept = sink.body().read(_REPORTED) + body[:_REPORTED]
    copy = Copy(headers=shown, body=kept[:_REPORTED], message_id=message.id)
    _by_mail(submission, troubles.TOO_BIG, copy, limit=limit)


#: how much of a message that was too big goes back
_REPORTED = 100 * 1024


def _by_mail(
    submission: Submission,
    trouble: troubles.Trouble,
    copy: Copy,
    *,
    details: Sequence[troubles.Details] = (),
    limit: int = 0,
) -> NoReturn:
    """Report by mail. Raises Refused."""
    to = submission.ctx.message.sender_address
    if not to or submission.call.local_error_message:
        said = trouble.in_the_log(details, limit)
        log_unusable(submission.ctx, copy.message_id, submission.call.error_reference or "", said)
        raise Refused(trouble.unsent_status)
    sent = report(submission.process, trouble, to, copy, details=details, limit=limit)
    raise Refused(_status(submission, trouble, sent=sent))


def _header_trouble(
    submission: Submission, trouble: troubles.Trouble, reader: DotReader | StreamReader, data: bytes
) -> None:
    """The header, or a line of it, is too long. Raises Refused."""
    main = submission.process.main
    facts = submission.ctx.session
    log = submission.process.log
    who = full_host(facts, log.selectors) or facts.sender_ident
    if trouble is troubles.LONG_HEADER:
        limit = main.header_maxsize
        what = "ridiculously long message header"
        spoken = f"message header longer than {limit} characters received: message not accepted"
    else:
        limit = main.header_line_maxsize
        what = "overlong message header line"
        spoken = f"message header line longer than {limit} characters received: message not accepted"
    log.main(f"{what} received from {who} (more than {limit} characters): message abandoned")
    if submission.errors in ("p", "q"):
        say(spoken)
        raise Refused
    text = "".join(reader.header.fields) or data.decode("latin-1")
    submission.ctx.message.id = ""
    _by_mail(submission, trouble, Copy(header_text=text), limit=limit)


def _extract(submission: Submission, arrived: Arrived) -> list[tuple[str, str]]:
    """-t: recipients from To:, Cc:, Bcc:, or from their Resent- forms. Returns the bad addresses."""
    message = submission.ctx.message
    bad: list[tuple[str, str]] = []
    removes = submission.process.main.extract_addresses_remove_arguments
    if removes:
        message.nonrecipients.update(reversed(submission.extra))  # as Exim builds its tree
    else:
        for address in submission.extra:
            message.recipients.append(Recipient(address))
            submission.raw_recipients.append(address)
    for header in message.headers:
        if header.type not in ("T", "C", "B") or header.name.startswith("resent-") is not arrived.resent:
            continue
        body = header.body.rstrip("\n")
        for start, end in addresses_in(body):
            try:
                parsed = parse_address(body[start:end], syntax=submission.syntax)
            except AddressSyntaxError as error:
                if error.message != "empty address":
                    bad.append((body[start:].replace("\n", "\\n"), error.message))
                continue
            address = parsed.address
            if removes and address in submission.extra:
                submission.overridden = True
                continue
            if not parsed.domain:
                if not submission.origin.qualify_recipients:
                    bad.append((body[start:].replace("\n", "\\n"), "unqualified recipient address not allowed"))
                    continue
                address = f"{address}@{submission.caller.qualify_recipient}"
            message.recipients.append(Recipient(address))
            submission.raw_recipients.append(parsed.address)
        if header.type == "B":
            header.type = DELETED
    limit = submission.recipients_max
    if 0 < limit < len(message.recipients):
        if submission.errors in ("p", "q"):
            say("message rejected: too many recipients")
            raise Refused
        _by_mail(submission, troubles.TOO_MANY, Copy(early=True), limit=limit)
    return bad


def _extra(submission: Submission) -> list[str]:
    """The addresses on the command line, which -t takes out (or adds). Raises Refused after telling of a bad one."""
    out: list[str] = []
    for argument in submission.call.arguments:
        for text in split_list(argument):
            try:
                parsed = parse_address(text, syntax=submission.syntax)
            except AddressSyntaxError as error:
                _bad_argument(submission, argument, error.message)
            out.append(parsed.address if parsed.domain else f"{parsed.address}@{submission.caller.qualify_recipient}")
    return out


def _bad_extraction(submission: Submission, bad: list[tuple[str, str]]) -> None:
    """-t found bad addresses, or none at all. Raises Refused unless the good ones can be used."""
    message = submission.ctx.message
    log = submission.process.log
    what = "bad addresses found in headers" if bad else "no recipients found in headers"
    overridden = submission.overridden
    log.panic(f"{message.id} {what}", message.id)
    if submission.errors in ("p", "q"):
        if not bad:
            say("all -t recipients overridden by command line" if overridden else "no recipients in message")
        elif len(bad) == 1:
            say(f"invalid address:  {bad[0][0]}: {bad[0][1]}")
        else:
            say("invalid addresses:\n" + "\n".join(f"  {text}: {why}" for text, why in bad))
        raise Refused
    copy = Copy(headers=message.headers, body=message.body.read(_REPORTED), message_id=message.id)
    if not message.recipients:
        if bad:
            trouble = troubles.ONLY_BAD_ADDRESSES
        else:
            trouble = troubles.ALL_OVERRIDDEN if overridden else troubles.NO_RECIPIENTS
        _by_mail(submission, trouble, copy, details=bad)
    if message.sender_address and not submission.call.local_error_message:
        report(submission.process, troubles.IGNORED_ADDRESS, message.sender_address, copy, details=bad)


def _judge(submission: Submission, arrived: Arrived) -> None:
    """acl_not_smtp_mime, acl_not_smtp. Raises Refused."""
    ctx = submission.ctx
    message = ctx.message
    said = judge(ctx, submission.policy)
    if said is None:
        return
    if submission.errors in ("p", "q"):
        say(f"message rejected by non-SMTP ACL: {said}")
        raise Refused
    copy = Copy(headers=message.headers, body=message.body.read(_REPORTED), message_id=message.id)
    _by_mail(submission, troubles.REFUSED, copy, details=[("", said)])


def _keep(submission: Submission, arrived: Arrived, sink: BodySink) -> int:
    """Spool, log, deliver."""
    ctx = submission.ctx
    message = ctx.message
    if message.discarded or not (message.recipients or submission.call.extract_recipients):
        sink.drop()
        log_arrival(ctx, arrived)
        log_discarded(ctx)
        return 1
    queue = decide_queueing(ctx, arrived, smtp=False)
    locked = make_durable(ctx, arrived, sink.fd)
    log_arrival(ctx, arrived)
    if message.frozen:
        from .freezing import note_frozen

        note_frozen(ctx)
    done = hand_over(ctx, locked, queue=queue or message.frozen, put_off=arrived.put_off)
    return 0 if done else 1
