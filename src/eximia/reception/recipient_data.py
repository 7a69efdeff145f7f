"""PRDR: an answer per recipient after the data (manual 44.9, draft-hall-prdr)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from eximia.base.errors import Defer
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
    here.original_local_part = local
    here.local_part = unquote_local_part(local).lower()
    here.domain = domain.lower()


def hide_recipient(ctx: Context) -> None:
    """The ACL is over."""
    here = ctx.address
    here.local_part = here.domain = here.original_local_part = ""


def run_prdr(session: SmtpSession) -> None:
    """Run acl_smtp_data_prdr for each recipient, send the answers, drop the refused ones. Raises Rejected when nobody
    is left."""
    from .intake import Rejected

    ctx = session.ctx
    if not session.policy.has_acl(ctx, "acl_smtp_data_prdr"):
        return
    from eximia.acl.result import Outcome

    message = ctx.message
    kept = []
    deferred = 0
    session.reply("353", "PRDR content analysis beginning")
    for recipient in message.recipients:
        show_recipient(ctx, recipient.address)
        result = session.policy.acl(ctx, "acl_smtp_data_prdr")
        if result.outcome is Outcome.ACCEPT:
            kept.append(recipient)
            answer = answers.accepted(ctx, result, "250", f"PRDR R=<{recipient.address}> acceptance")
            session.answer(answer)
            continue
        if result.outcome is Outcome.DISCARD:
            answer = answers.accepted(ctx, result, "250", f"PRDR R=<{recipient.address}> acceptance")
            session.answer(answer)
            continue
        deferred += result.outcome in (Outcome.DEFER, Outcome.ERROR)
        session.refuse("acl_smtp_data_prdr", result, f"R=<{recipient.address}>")
    hide_recipient(ctx)
    message.recipients = kept
    if kept:
        return
    if deferred:
        raise Rejected(answers.Answer("450", "Temporary refusal for all recipients"))
    raise Rejected(answers.Answer("550", "Refused for all recipients"))
