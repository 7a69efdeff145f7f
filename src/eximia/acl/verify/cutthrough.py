"""Opening the way for a message that is to be delivered while it is received (manual 44.22, `cutthrough_delivery`).

Not the sending itself, see `transports.smtp.cutthrough`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.acl.phases import RCPT
from eximia.acl.run import Run
from eximia.message.dsn import NOTIFY_SUCCESS
from eximia.transports.smtp.cutthrough import suits

from .address import Verdict, is_remote
from .callout import call_out
from .options import CalloutOptions

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Address


def open_way(ctx: Context, address: str) -> Verdict | None:
    """Send the recipient that has just been accepted to the next server. None: it cannot go this way; else "ok" (it is
    in `message.held`), "fail" or "defer"."""
    routed = ctx.process.services.verify.verify(ctx, address, "recipient")
    if routed.result != "ok" or routed.copied or len(routed.routed) != 1:
        return None
    target = routed.routed[0]
    if not _passes(target):
        return None
    verdict = Verdict("ok")
    call_out(Run(ctx, RCPT), address, "recipient", CalloutOptions(cache=False, use_sender=True), target, verdict)
    held = ctx.message.held
    if verdict.result == "ok" and held is not None and _report_is_ours(ctx, held.connection.peer.dsn):
        return None
    return verdict


def _passes(target: Address) -> bool:
    """An smtp transport that can send before all is here, with the message's own sender."""
    options = getattr(target.transport, "options", None)
    return is_remote(target) and options is not None and suits(options) and target.errors_address is None


def _report_is_ours(ctx: Context, aware: bool) -> bool:
    """The recipient wants a success report, and the next server would not send it."""
    judged = ctx.message.judged
    return judged is not None and bool(judged.dsn_flags & NOTIFY_SUCCESS) and not aware
