"""The end of a message's reception, however it came: headers, size, the spool, the log, delivery.

SMTP, batched SMTP, command-line input and messages of our own meet here. What differs (ACLs, replies) is theirs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import ExpansionError
from eximia.logs.lines.arrival import ArrivalExtras, arrival
from eximia.lookups.types import forget_results
from eximia.message.header import DELETED, Header
from eximia.rewrite import rewrite_sender

from .fixups import Origin, complete, header_message_id, qualify_headers, rewrite_recipients, take_headers
from .policy import Policy
from .received import Unreceivable, make_received, set_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eximia.context import Context, Message, Process
    from eximia.spool import LockedMessage


@dataclass(slots=True)
class Arrived:
    """What reception knows of a message besides the context."""

    origin: Origin
    raw_sender: str = ""
    raw_recipients: Sequence[str] = ()
    #: the message that this one is a report about
    reference: str = ""
    received: Header | None = None
    #: the sender when that line was made
    received_sender: str = ""
    resent: bool = False
    #: -od letters
    delivery: str = ""
    #: delivery is put off, and why it is logged (`delay_delivery`); empty: it is not
    put_off: str = ""
    queue_only: bool = False
    started: float = 0.0
    notes: dict[str, str] = field(default_factory=dict)


def read_header(ctx: Context, policy: Policy, fields: Sequence[str], arrived: Arrived) -> None:
    """From the raw fields to the message's header: everything that happens before the body has been read. Raises
    Unreceivable."""
    message = ctx.message
    headers, arrived.resent = take_headers(ctx.process.main, fields)
    message.headers = headers
    message.received_count = sum(header.type == "P" for header in headers)
    begin_received(ctx, policy, arrived)


def begin_received(ctx: Context, policy: Policy, arrived: Arrived) -> None:
    """Put our Received: line on top, with the time at which reception began, and mend the rest. Raises Unreceivable."""
    message = ctx.message
    forget_results(message)
    rewrite_recipients(ctx)
    received = make_received(ctx, policy, message.received_time)
    arrived.received = received
    arrived.received_sender = message.sender_address
    if received is not None:
        message.headers.insert(0, received)
        message.received_count += 1
        message.notes["received_header"] = received
    complete(ctx, policy, arrived.origin, resent=arrived.resent)
    rewrite_sender(ctx)
    qualify_headers(ctx, arrived.origin)
    refresh_received(ctx, policy, arrived)


def refresh_received(ctx: Context, policy: Policy, arrived: Arrived) -> None:
    """Make the Received: line again if the sender has changed since."""
    old = arrived.received
    if old is None or arrived.received_sender == ctx.message.sender_address:
        return
    try:
        new = make_received(ctx, policy, ctx.message.received_time)
    except Unreceivable:
        return  # the old one serves against loops
    if new is not None:
        old.text = new.text


def message_size(ctx: Context) -> int:
    """`$message_size`: what would be sent, lines ending with one character."""
    message = ctx.message
    return sum([len(header.text) for header in message.headers if header.type != DELETED]) + 1 + message.body.size


def merge_added_headers(ctx: Context) -> None:
    """Put the lines that ACLs asked for into the header, and take out those they wanted removed (manual 44.24)."""
    message = ctx.message
    headers: list[Header] = message.headers
    if message.removed_headers:
        _remove(ctx, message.removed_headers)
        message.removed_headers.clear()
    if not message.added_headers:
        return
    for text, position in message.added_headers:
        header = Header(text)
        if header.type == "I" and any(one.type == "I" for one in headers):
            header.type = " "
        if position == "at_start":
            headers.insert(0, header)
        elif position == "after_received":
            headers.insert(_end_of_block(headers, _RECEIVED), header)
        elif position == "at_start_rfc":
            headers.insert(_end_of_block(headers, _TRACE), header)
        else:
            headers.append(header)
    message.added_headers.clear()


def _end_of_block(headers: list[Header], names: frozenset[str]) -> int:
    """Behind the first lines of these names that stand together."""
    start = next((at for at, header in enumerate(headers) if header.name in names), 0)
    while start < len(headers) and headers[start].name in names:
        start += 1
    return start


_RECEIVED = frozenset(("received",))
_TRACE = frozenset(("received", "resent-date", "resent-from", "resent-to", "resent-message-id", "resent-sender"))


def _remove(ctx: Context, items: list[str]) -> None:
    """Items are names, or regular expressions that begin with `^` and are matched against the
    whole header line."""
    for item in items:
        item = item.strip()
        for header in ctx.message.headers:
            if header.type != DELETED and _is_meant(ctx, header, item):
                header.type = DELETED


def _is_meant(ctx: Context, header: Header, item: str) -> bool:
    if item.startswith("^"):
        try:
            return ctx.process.services.regexes.search(item, header.text) is not None
        except ExpansionError as error:
            ctx.process.log.panic(f"remove_header: {error.message}", ctx.message.id)
            return False
    return header.name == item.lower()


def decide_queueing(ctx: Context, arrived: Arrived, *, smtp: bool) -> bool:
    """Whether the message waits for a queue runner (`-odq`, `queue_only*`, controls)."""
    main = ctx.process.main
    message = ctx.message
    if message.queue_only:
        # A limit that was reached as well is told of in a line of its own.
        arrived.put_off = f"queued by ACL\n{arrived.put_off}".rstrip("\n")
        return True
    overridden = main.queue_only_override and arrived.delivery in ("b", "f", "i", "qs")
    if arrived.delivery == "q" or arrived.queue_only or (main.queue_only and not overridden):
        # It waits as all do: no reason of its own is told.
        arrived.put_off = ""
        return True
    if main.queue_only_file and not overridden:
        for item in main.queue_only_file.split(":"):
            path = item.strip()
            if path.startswith("smtp") and os.path.exists(path[4:]):
                message.queue_first_pass = message.notes["queue_smtp"] = True
            elif path and os.path.exists(path):
                return True
    if arrived.delivery == "qs":
        message.queue_first_pass = True
    limit = main.queue_only_load
    session = ctx.session
    load: int | None = session.notes.get("queue_load_latched")
    if load is None and limit is not None:
        from .greeting import load_average

        load = load_average()
        if load <= limit:
            load = None
        elif smtp and main.queue_only_load_latch:
            session.notes["queue_load_latched"] = load
    if load is not None:
        arrived.put_off = arrived.put_off or f"load average {load / 1000:.2f}"
        return True
    return message.freeze or bool(arrived.put_off)


def settle_size(ctx: Context, reader: object, *, final: bool = False) -> None:
    """Take the counts of the data reader over. While the message is received `$message_linecount` counts the lines
    that came, the empty one too; the `final` count is that of header and body."""
    message = ctx.message
    if "body_replaced" not in message.notes:
        message.body_linecount = getattr(reader, "body_lines", 0)
        message.body_zerocount = getattr(reader, "body_zeros", 0)
    message.max_received_linelength = getattr(reader, "max_line", 0)
    message.size = message_size(ctx)
    message.linecount = (
        message.body_linecount
        + sum(header.text.count("\n") for header in message.headers if header.type != DELETED)
        + (0 if final else 1)
    )


def make_durable(ctx: Context, arrived: Arrived, fd: int = -1) -> LockedMessage:
    """Write the message to the spool, in the server to its arrival log. Returns it with its lock. Raises OSError."""
    from eximia.spool.durable import Arrival
    from eximia.spool.header_file import write_header
    from eximia.spool.snapshot import to_header

    process = ctx.process
    message = ctx.message
    if message.bmi_run:
        from eximia.scan.brightmail.judging import judge

        judge(ctx)
    now = process.ports.clock.time()
    if arrived.received is not None:
        set_time(arrived.received, now)
    message.received_took = max(0.0, now - message.received_time)
    if message.freeze:
        message.frozen = True
        message.frozen_at = now
        message.manually_thawed = False
    if fd >= 0 and "body_replaced" in message.notes:
        from .milters import rewrite_data

        rewrite_data(ctx, fd)
    header = to_header(message, ctx.session, primary_hostname=process.primary_hostname, complete=now)
    spool = process.spool
    place = spool.place_for(message.id, message.queue_name)
    body = message.body.data if fd < 0 else b""
    item = Arrival(message.id, place, write_header(header).encode("latin-1"), body or b"", fd)
    locked: LockedMessage
    if spool.arrivals is not None and fd < 0:
        locked = process.ports.together(spool.arrivals.commit, item)
    else:
        if message.body.wire:
            from eximia.spool.durable import write_data_durably

            process.ports.blocking(write_data_durably, spool, item)
        spool.write_files(item)
        locked = process.ports.together(spool.commit_in_steps, item)
    return locked


def arrival_line(ctx: Context, arrived: Arrived) -> tuple[str, str, str]:
    """The flag, and the texts for the main log and for the message log."""
    process = ctx.process
    message = ctx.message
    selectors = process.log.selectors
    created = bool(message.notes.get("message_id_created"))
    extras = ArrivalExtras(
        bounce_of=arrived.reference,
        header_id="" if created and arrived.resent else header_message_id(message.headers),
        header_id_created=created,
        raw_sender=arrived.raw_sender,
        raw_recipients=arrived.raw_recipients,
        topbit=process.main.print_topbitchars,
    )
    if selectors.subject:
        extras.subject = _subject(ctx)
    _authentication_results(ctx, extras)
    first, second = arrival(ctx, extras)
    return "(=" if message.fake_response == "reject" else "<=", first, second


def _subject(ctx: Context) -> str | None:
    """The decoded subject; empty when its line was removed."""
    subject: str | None = None
    for header in ctx.message.headers:
        if header.name != "subject":
            continue
        if header.type == DELETED:
            subject = subject or ""
            continue
        text: str = header.body.strip()
        if "=?" in text:
            from eximia.expand.mimewords import decode

            text = decode(text, str(ctx.process.main.headers_charset))
        return text
    return subject


def _authentication_results(ctx: Context, extras: ArrivalExtras) -> None:
    results = ctx.message.auth_results
    if not results:
        return
    extras.spf_result = str(results.get("spf_result", ""))
    extras.dkim_domain = str(results.get("dkim_domain", ""))
    extras.dmarc_status = str(results.get("dmarc_status", ""))
    extras.arc_passed = results.get("arc_state") == "pass"


def log_arrival(ctx: Context, arrived: Arrived) -> None:
    """The line in the main log, and the first line of the message log.

    The message log is written when `hand_over` leaves the message; most are delivered at once and never have one.
    """
    process = ctx.process
    message = ctx.message
    flag, main_text, message_text = arrival_line(ctx, arrived)
    process.log.main(f"{flag} {main_text}", message.id)
    if process.main.message_logs and process.spool is not None and not ctx.session.host_checking:
        held = message.message_log
        held.append(f"{process.log.stamp()}{message_text}")
        if message.frozen:
            held.append(f"{process.log.stamp()}frozen by ACL")


def _leave(process: Process, message: Message, locked: LockedMessage) -> None:
    """The message stays: it gets its message log, and is given up."""
    text = "\n".join(message.message_log)
    if locked.queue(text):
        return
    if text:
        from eximia.spool.message_log import MessageLog

        log = MessageLog(locked.log_path, process.log)
        log.append([text])
        log.close()
    locked.close()


def hand_over(ctx: Context, locked: LockedMessage, *, queue: bool, put_off: str = "") -> bool:
    """Begin delivery, or leave the message to a queue runner. False when mua_wrapper is set and delivery failed."""
    process = ctx.process
    message = ctx.message
    wrapper = process.main.mua_wrapper
    if wrapper:
        queue = False
    if queue:
        if message.held is not None:
            message.held.drop()
        if put_off and process.log.selectors.delay_delivery:
            reasons = [f"no immediate delivery: {why}" for why in put_off.split("\n")]
            for reason in reasons:
                process.log.main(reason, message.id)
            if message.message_log and message.queue_only:
                # Only what an ACL decided belongs to the message's own log.
                message.message_log.append(f"{process.log.stamp()}{reasons[0]}")
        _leave(process, message, locked)
        return True
    call = process.invocation
    end = process.services.deliver(
        process,
        ctx.session,
        message,
        locked,
        wait=wrapper or (call is not None and call.delivery in ("i", "f")),
        pretend=call is not None and call.dont_deliver,
        queue_smtp=call is not None and call.delivery == "qs",
    )
    return not wrapper or end is None or end.value != "refused"
