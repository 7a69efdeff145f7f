"""Messages that the program itself writes: bounces, warnings, autoreplies, reports (manual 48.6, 50)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer, NotTaken
from eximia.base.text import Untainted
from eximia.context import Body, Context, Message, Recipient, Session
from eximia.protocols.smtp.server.data import StreamReader

from .acceptance import (
    Arrived,
    decide_queueing,
    hand_over,
    log_arrival,
    make_durable,
    merge_added_headers,
    read_header,
    refresh_received,
    settle_size,
)
from .caller import Caller, UnknownCaller, find_caller
from .fixups import Origin
from .not_smtp import begin, judge, log_discarded, log_unusable
from .ourselves import ourselves
from .policy import POLICY
from .received import Unreceivable
from .session_ids import new_connection_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eximia.base.ports import Identity
    from eximia.context import Process


def _delivery(process: Process) -> str:
    """How the message is delivered: as -od says, but -odq is for what came in, not for what we have to say of it."""
    given = process.invocation.delivery if process.invocation is not None else ""
    return "" if given == "q" else given


def submit(
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
    """See `base.ports.Submit`."""
    caller, trusted = _author(process, author)
    login = Untainted(caller.login)
    session = Session(sender_ident=login, active_hostname=process.primary_hostname)
    session.authenticated_sender = authenticated_sender
    session.connection_id = new_connection_id(process)
    message = Message()
    message.received_protocol = Untainted("local")
    message.requiretls = requiretls
    message.sender_address = sender
    message.recipients = [Recipient(address) for address in recipients]
    message.originator_login = login
    message.originator_uid = caller.uid
    message.originator_gid = caller.gid
    message.originator_name = caller.name
    if not trusted:
        session.authenticated_id = login
        session.authenticated_sender = Untainted(caller.address)
        message.sender_local = message.sender_set_untrusted = True
    message.local_error_message = not sender
    message.allow_unqualified_sender = message.allow_unqualified_recipient = True
    ctx = Context(process, session, message)
    begin(ctx, POLICY)
    message.id, message.received_time = process.ids.next()
    arrived = Arrived(
        Origin(
            local=True,
            stdin=True,
            trusted=trusted,
            ours=True,
            login=login,
            name=caller.name,
            own_sender=not trusted,
            qualify_senders=True,
            qualify_recipients=True,
            qualify_domain=caller.qualify_domain,
            qualify_recipient=caller.qualify_recipient,
        ),
        raw_sender=sender,
        raw_recipients=list(recipients),
        reference=reference,
        delivery=_delivery(process),
    )
    reader = StreamReader()
    body = reader.feed(data)
    body += reader.end()
    try:
        read_header(ctx, POLICY, reader.header.fields, arrived)
    except Unreceivable:
        raise Defer("no Received: header line can be made") from None
    message.body = Body(body)
    settle_size(ctx, reader)
    merge_added_headers(ctx)
    if not recipients:
        process.log.panic(f"{message.id} no recipients found in headers", message.id)
        log_unusable(ctx, message.id, reference, "no recipient addresses")
        return ""
    _judge(ctx, arrived)
    merge_added_headers(ctx)
    refresh_received(ctx, POLICY, arrived)
    settle_size(ctx, reader, final=True)
    try:
        locked = make_durable(ctx, arrived)
    except OSError as error:
        raise Defer(f"Failed to write spool files: {error.strerror}") from None
    log_arrival(ctx, arrived)
    if message.frozen:
        from .freezing import note_frozen

        note_frozen(ctx)
    queue = decide_queueing(ctx, arrived, smtp=False)
    hand_over(ctx, locked, queue=queue or message.frozen, put_off=arrived.put_off)
    return message.id


def _author(process: Process, author: Identity | None) -> tuple[Caller, bool]:
    """Who writes the message, and whether he is trusted."""
    main = process.main
    login, uid, gid = ourselves(process)
    if author is not None and author.uid != uid:
        try:
            caller = find_caller(process, ids=(author.uid, author.gid))
        except UnknownCaller:
            pass
        else:
            trusted = author.uid == 0 or author.uid in (main.trusted_users or ())
            return caller, trusted or author.gid in (main.trusted_groups or ())
    domain = main.qualify_domain or process.primary_hostname
    return Caller(login, "", False, uid, gid, domain, main.qualify_recipient or domain), True


def _judge(ctx: Context, arrived: Arrived) -> None:
    """Our messages pass the ACLs of all that does not come by SMTP; filters from outside (milters) do not see them.
    Raises NotTaken."""
    said = judge(ctx, POLICY, milters=False)
    if said is not None:
        log_unusable(ctx, ctx.message.id, arrived.reference, f"rejected by non-SMTP ACL: {said}")
        raise NotTaken(said)
    if ctx.message.discarded:
        log_arrival(ctx, arrived)
        log_discarded(ctx)
        raise NotTaken("discarded")
