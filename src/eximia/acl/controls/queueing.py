"""`queue` (old name `queue_only`): leave the message to a queue runner (manual 44.22)."""

from __future__ import annotations

from eximia.acl.phases import NO_MESSAGE, PRDR
from eximia.acl.run import Run

from .control import Control


def _apply(one: Run, options: str | None) -> None:
    message = one.ctx.message
    if options is not None and "first_pass_route" in options.split("/"):
        message.queue_first_pass = True
    else:
        message.queue_only = True


QUEUE = Control("queue", _apply, forbidden=NO_MESSAGE | PRDR.bit, takes_options=True)
