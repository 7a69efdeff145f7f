"""`cutthrough_delivery`: deliver while receiving (manual 44.22). Only the first recipient's setting counts."""

from __future__ import annotations

from eximia.acl.phases import RCPT
from eximia.acl.run import Run

from .control import Control


def _apply(one: Run, options: str | None) -> None:
    message = one.ctx.message
    if one.phase is not RCPT or message.recipients or one.ctx.session.smtp_batched:
        return
    message.cutthrough = True
    for option in (options or "").split("/"):
        if option == "defer=pass":
            message.cutthrough_defer_pass = True
        elif option == "defer=spool":
            message.cutthrough_defer_pass = False


CUTTHROUGH = Control("cutthrough_delivery", _apply, takes_options=True)
