"""ARC for the message being received, when an ACL asks for it (features row 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import Untainted
from eximia.mailauth.arc.verify import ArcResult, Verification
from eximia.mailauth.dkim.policy import Policy
from eximia.message.authres import pvalue

from .arriving import Arriving, arriving_of, dkim_policy, txt_of

if TYPE_CHECKING:
    from eximia.context import Body, Context

_NOTE = "arc"
#: bodies beyond this are hashed in a thread
_LARGE = 1 << 18


def check_arc(ctx: Context) -> ArcResult:
    """The chain's result, made once; sets the variables and what Authentication-Results and the log line say."""
    known: ArcResult | None = ctx.message.notes.get(_NOTE)
    if known is not None:
        return known
    arriving = arriving_of(ctx)
    found = ArcResult("none") if arriving is None else _check(ctx, arriving)
    ctx.message.notes[_NOTE] = found
    ctx.message.variables.update(
        arc_state=Untainted(found.state),
        arc_state_reason=found.reason,
        arc_domains=":".join(found.domains),
        arc_oldest_pass=Untainted(str(found.oldest_pass)),
    )
    told = ctx.message.auth_results
    told["arc_state"] = found.state
    told["arc"] = _text(ctx, found)
    return found


def _check(ctx: Context, arriving: Arriving) -> ArcResult:
    policy: Policy = dkim_policy(ctx)
    bodies = arriving.dkim.bodies if arriving.dkim is not None else None
    verification = Verification(arriving.fields, policy, bodies)
    if verification.needs_body:
        body = ctx.message.body
        if body.size > _LARGE:
            ctx.process.ports.blocking(_feed, verification, body)
        else:
            _feed(verification, body)
    return verification.result(txt_of(ctx))


def _feed(verification: Verification, body: Body) -> None:
    for block in body.text_blocks():
        verification.feed(block)


def _text(ctx: Context, found: ArcResult) -> str:
    """RFC 8617 section 4.1.1 and 10.2."""
    text = found.state
    if found.instance:
        text += f" (i={found.instance})"
    if found.reason:
        text = f"{text} reason={pvalue(found.reason.strip('()'))}"
    if found.state == "pass":
        text += f" header.oldest-pass={found.oldest_pass}"
    address = ctx.session.sender_host_address
    if found.instance and address:
        text += f" smtp.remote-ip={pvalue(address)}"
    return text
