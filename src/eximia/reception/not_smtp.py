"""acl_not_smtp_start, acl_not_smtp_mime and acl_not_smtp: for what is handed in at the command line and for messages
of our own, bounces and reports among them (manual 44.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eximia.context import Context

    from .policy import Policy

_OPTIONS = ("acl_not_smtp", "acl_not_smtp_mime", "milters_not_smtp")


def begin(ctx: Context, policy: Policy) -> None:
    """Before anything has been read. What this ACL says is not looked at; lines it adds wait for the header."""
    if policy.has_acl(ctx, "acl_not_smtp_start"):
        policy.acl(ctx, "acl_not_smtp_start")
        ctx.message.removed_headers.clear()


def judge(ctx: Context, policy: Policy, *, milters: bool = True) -> str | None:
    """All of the message is there. Returns None when it may pass, with `discarded` set when it is thrown away; else
    what the caller is told, and the refusal is in the logs."""
    if not any(policy.has_acl(ctx, name) for name in _OPTIONS):
        return None
    from eximia.acl.result import Outcome

    result = policy.judge_local(ctx, milters=milters)
    if result.outcome is Outcome.ACCEPT:
        return None
    if result.outcome is Outcome.DISCARD:
        ctx.message.discarded = True
        return None
    if not result.log_message:
        result.log_message = "NULL"
    said = result.user_message or "local configuration problem"
    policy.refuse(ctx, "acl_not_smtp", result)
    return said


def log_discarded(ctx: Context) -> None:
    """The lines of a message that lost all its recipients, after that of its arrival."""
    log = ctx.process.log
    by = ctx.message.notes.get("discarded_by", "non-SMTP" if ctx.message.discarded else "RCPT")
    log.main(f"=> blackhole ({by} ACL discarded recipients)", ctx.message.id)
    log.main("Completed", ctx.message.id)


def log_unusable(ctx: Context, message_id: str, reference: str, said: str) -> None:
    """A refused message whose sender cannot be told; `reference`: the message that it was about, if any. No id while
    it has none."""
    about = f" (R={reference})" if reference else ""
    ctx.process.log.main(f"Error while reading message with no usable sender address{about}: {said}", message_id)
