"""`freeze`: put the message on the queue, frozen; `/no_tell`: tell nobody (manual 44.22)."""

from __future__ import annotations

from eximia.acl.phases import NO_MESSAGE, PRDR
from eximia.acl.run import Run

from .control import Control, syntax_error


def _apply(one: Run, options: str | None) -> None:
    if options not in (None, "no_tell"):
        raise syntax_error("freeze", options)
    message = one.ctx.message
    silent = options == "no_tell"
    # Silence needs all of the controls to ask for it.
    message.freeze_no_tell = silent and (message.freeze_no_tell or not message.freeze)
    message.freeze = True


FREEZE = Control("freeze", _apply, forbidden=NO_MESSAGE | PRDR.bit, takes_options=True)
