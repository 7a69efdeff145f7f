"""PRDR: an answer per recipient after the data (manual 44.9, draft-hall-prdr)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from eximia.base.errors import Defer
from eximia.base.text import lower
from eximia.message.address import unquote_local_part

from . import answers

if TYPE_CHECKING:
    from eximia.context import Context

    from .session import SmtpSession


def show_recipient(ctx: Context, address: str) -> None:
    """Make `address` the one that an ACL looks at: `$local_part` unquoted, both parts in lower case, and the percent
    hack done."""
    if ctx.process.main.percent_hack_domains is not None:
        from eximia.rewrite.percent_hack import reinterpreted

        with suppress(Defer):
            address = reinterpreted(ctx, address)
    local, _, domain = address.rpartition("@")
    here = ctx.address
    here.original_local_part, here.original_domain = local, domain
    here.local_part = lower(unquote_local_part(local))
    here.domain = lower(domain)


def hide_recipient(ctx: Context) -> None:
    """The ACL is over."""
    here = ctx.address
    here.local_part = here.domain = here.original_local_part = here.original_domain = ""


def run_prdr(session: SmtpSession) -> None:
    """Run acl_smtp_data_prdr for each recipient, send the answers, drop the refused ones. Raises Rejected when nobody
    is left."""
    from .intake import Rejected

    ctx = session.ctx
    if not session.policy.has_acl(ctx, "acl_smtp_data_prdr"):
        return
    from eximia.acl.result import Outcome

    message = ctx.message
    log = session.process.log
    kept = []
    deferred = 0
    session.reply("353", "PRDR content analysis beginning")
    for recipient in message.recipients:
        address = recipient.address
        show_recipient(ctx, address)
        ctx.session.answering_for_each = True
        result = session.policy.acl(ctx, "acl_smtp_data_prdr")
        ctx.session.answering_for_each = False
        temporary = result.outcome in (Outcome.DEFER, Outcome.ERROR)
        deferred += temporary
        if result.outcome is Outcome.ACCEPT:
            kept.append(recipient)
        if result.accepted:
            code, verdict = "250", "acceptance"
        else:
            code, verdict = ("450", "temporary refusal") if temporary else ("550", "refusal")
        usual = f"PRDR R=<{address}> {verdict}"
        session.answer(answers.accepted(ctx, result, code, usual))
        said = (result.log_message or result.user_message).partition("\n")[0]
        log.main(f"PRDR {address} {said}" if said else usual, message.id)
    hide_recipient(ctx)
    some = len(kept) < len(message.recipients)
    message.recipients = kept
    if not kept:
        if deferred:
            raise Rejected(answers.Answer("450", f"id={message.id} message deferred for all recipients"))
        raise Rejected(answers.Answer("550", f"id={message.id} message rejected for all recipients"))
    session.tx.prdr_answer = answers.Answer(
        "250", f"id={message.id} message accepted{' for some recipients' if some else ''}"
    )
