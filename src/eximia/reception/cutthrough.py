"""Delivering a message while it comes in (manual 44.22, `control = cutthrough_delivery`).

After each accepted RCPT the next server is asked (`after_rcpt`); header and body are passed on as they arrive
(`begin`, `pass_on`); when the ACLs have accepted the message, the next server's last word decides (`conclude`).
Whatever goes wrong on the way before that makes it an ordinary message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.acl.result import AclResult, Outcome
from eximia.base.errors import ExpansionError
from eximia.context.delivery import Outcome as Delivery
from eximia.context.delivery import Result
from eximia.logs.lines.delivery import delivered
from eximia.logs.lines.hosts import client
from eximia.logs.printing import printing

from . import answers

if TYPE_CHECKING:
    from eximia.acl.verify.address import Verdict
    from eximia.context import Context
    from eximia.protocols.smtp.client import Reply
    from eximia.transports.smtp.cutthrough import Cutthrough
    from eximia.transports.smtp.held import Held

    from .intake import Incoming
    from .session import SmtpSession


def after_rcpt(ctx: Context, address: str) -> AclResult | None:
    """The RCPT ACL accepted `address`: tell the next server of it. An answer refuses the recipient."""
    message = ctx.message
    held: Held | None = message.held
    if held is not None and address in held.given and held.given[-1] == address:
        return None  # a callout has done it
    if message.freeze or message.queue_only or message.fake_response or message.queue_first_pass:
        give_up(ctx)
        return None
    from eximia.acl.verify.cutthrough import open_way

    verdict: Verdict | None = open_way(ctx, address)
    passing = message.cutthrough_defer_pass
    if verdict is not None and verdict.result == "fail":
        give_up(ctx)
        return AclResult(Outcome.DENY)
    if verdict is not None and verdict.result == "defer":
        give_up(ctx)
        return AclResult(Outcome.DEFER, verdict.reply) if passing else None
    if verdict is None or message.held is None:
        give_up(ctx)
    return None


def give_up(ctx: Context) -> None:
    """The message is delivered in the ordinary way."""
    message = ctx.message
    message.cutthrough = False
    held: Held | None = message.held
    if held is not None:
        message.held = None
        held.drop()


def begin(session: SmtpSession, incoming: Incoming) -> None:
    """The client begins to send: say DATA to the next server."""
    ctx = session.ctx
    message = ctx.message
    held: Held | None = message.held
    if not message.cutthrough or held is None:
        return
    if not _complete(session, held):
        give_up(ctx)
        return
    from eximia.transports.smtp.cutthrough import Cutthrough

    way = Cutthrough(held)
    message.held = None
    if way.begin():
        incoming.through = way
    else:
        held.drop()


def _complete(session: SmtpSession, held: Held) -> bool:
    """Every recipient is with the next server, and nothing forbids sending at once."""
    message = session.ctx.message
    return (
        not message.by_chunks
        and session.milters is None
        and not session.tx.prdr
        and not message.fake_response
        and not message.freeze
        and not message.queue_only
        and not session.settings.testing
        and [recipient.address for recipient in message.recipients] == held.given
        and held.sender == message.sender_address
        and _few(session, held)
    )


def _few(session: SmtpSession, held: Held) -> bool:
    """At most `max_rcpt` recipients."""
    from eximia.transports.strings import expand_number

    try:
        most = expand_number(held.options.max_rcpt, session.ctx, 100)
    except ExpansionError:
        return False
    return most <= 0 or len(held.addresses) <= most


def pass_on(incoming: Incoming, data: bytes) -> None:
    """The next piece of the body."""
    way: Cutthrough | None = incoming.through
    if way is not None and not way.body(data):
        drop(incoming)


def pass_header(session: SmtpSession, incoming: Incoming) -> None:
    """The header is complete, ours included."""
    way: Cutthrough | None = incoming.through
    if way is not None and not way.header(session.ctx):
        drop(incoming)


def drop(incoming: Incoming) -> None:
    """The next server gets no more of it."""
    way: Cutthrough | None = incoming.through
    if way is not None:
        incoming.through = None
        way.drop()


def conclude(session: SmtpSession, incoming: Incoming) -> answers.Answer | None:
    """All is received and accepted: let the next server have the last word.

    None: it took the message (`tx.passed_on` is set), or it will be delivered from the spool later
    (`arrived.queue_only` is set). An answer refuses it.
    """
    way: Cutthrough | None = incoming.through
    if way is None:
        return None
    incoming.through = None
    ctx = session.ctx
    message = ctx.message
    held = way.held
    reply = way.end(held.options.final_timeout)
    if reply is None:
        way.drop()
        if message.cutthrough_defer_pass:
            return answers.Answer("450", "Onward transmission not accepted")
        incoming.arrived.queue_only = True
        return None
    held.drop()
    kind = reply.code // 100
    if kind == 2:
        session.tx.passed_on = True
        _log_delivered(ctx, held, reply)
        return None
    if kind == 5:
        _log_refused(session, held, reply, "rejected after DATA")
        return answers.Answer(f"{reply.code}", _text(reply))
    _log_refused(session, held, reply, "tmp-reject from cutthrough after DATA")
    if message.cutthrough_defer_pass:
        return answers.Answer(f"{reply.code}", _text(reply))
    incoming.arrived.queue_only = True
    return None


def _text(reply: Reply) -> str:
    return "\n".join(reply.lines)


def _log_delivered(ctx: Context, held: Held, reply: Reply) -> None:
    """`>>` for each recipient, the last first, and the event."""
    process = ctx.process
    message = ctx.message
    facts = held.connection.facts(reused=False)
    facts.confirmation = reply.text
    selectors = process.log.selectors
    action = held.options.event_action
    for address in reversed(held.addresses):
        address.outcome = Delivery(Result.DELIVERED, smtp=facts, size=message.size)
        line = delivered(
            address,
            selectors,
            sender=message.sender_address,
            return_path=held.sender,
            flag=">>",
            queue_time=process.ports.clock.time() - message.received_time if selectors.queue_time else 0.0,
            queue_name=message.queue_name,
        )
        process.log.main(line, message.id)
        if action is not None and process.services.event is not None:
            here = ctx.address
            here.local_part, here.domain = address.local_part, address.domain
            process.services.event(ctx, "msg:delivery", reply.text, action)
            here.local_part = here.domain = ""


def _log_refused(session: SmtpSession, held: Held, reply: Reply, how: str) -> None:
    ctx = session.ctx
    message = ctx.message
    log = session.process.log
    host = held.connection.host
    ident = client(ctx.session, log.selectors)
    for address in reversed(held.addresses):
        router = f"R={address.router.name} " if address.router is not None else ""
        text = (
            f"{ident} {address.top.address} F=<{message.sender_address}> {how}: {router}T={held.transport.name} "
            f'H={host.name} [{host.address}] C="{printing(reply.text)}"'
        )
        if reply.code // 100 != 5:
            log.main(text, message.id)
            continue
        log.reject(
            text,
            message.id,
            sender=message.sender_address,
            recipients=[recipient.address for recipient in message.recipients],
            headers=message.headers,
        )
