"""`wellknown`: the file that answers a WELLKNOWN command (Exim 4.98)."""

from __future__ import annotations

from eximia.acl.phases import WELLKNOWN as PHASE
from eximia.acl.phases import all_but
from eximia.acl.run import Run
from eximia.base.text import is_tainted

from .control import Control

#: what is longer is no well-known file
_LONGEST = 1 << 20


def _apply(one: Run, options: str | None) -> bool:
    """Fails, as a condition does, without a name, and when the file cannot be read."""
    if not options:
        return False
    log = one.ctx.process.log
    if is_tainted(options):
        log.main(f"Tainted filename '{options}'", one.ctx.message.id)
        return False
    try:
        with open(options, "rb") as file:
            data = file.read(_LONGEST + 1)
    except OSError:
        return False
    if len(data) > _LONGEST:
        return False
    one.ctx.session.wellknown_data = data
    return True


WELLKNOWN = Control("wellknown", _apply, forbidden=all_but(PHASE), takes_options=True)
