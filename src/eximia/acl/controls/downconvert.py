"""`utf8_downconvert`: turn UTF-8 domains of the envelope into A-labels (manual 60.1)."""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.phases import RCPT, VRFY, all_but
from eximia.acl.run import Run

from .control import Control


def _apply(one: Run, options: str | None) -> None:
    """1 (the default): always; 0: never; -1: when the next host needs it."""
    if options not in (None, "1", "0", "-1"):
        raise AclError("bad option value for control=utf8_downconvert")
    one.ctx.message.utf8_downconvert = 1 if options is None else int(options)


UTF8_DOWNCONVERT = Control("utf8_downconvert", _apply, forbidden=all_but(RCPT, VRFY), takes_options=True)
