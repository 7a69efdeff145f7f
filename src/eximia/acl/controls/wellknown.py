"""`wellknown`: the file that answers a WELLKNOWN command (Exim 4.98)."""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.phases import WELLKNOWN as PHASE
from eximia.acl.phases import all_but
from eximia.acl.run import Run
from eximia.base.text import is_tainted

from .control import Control, syntax_error


def _apply(one: Run, options: str | None) -> None:
    if not options:
        raise syntax_error("wellknown", options)
    if is_tainted(options):
        raise AclError(f'Tainted filename "{options}" for control=wellknown')
    one.ctx.session.wellknown_file = options


WELLKNOWN = Control("wellknown", _apply, forbidden=all_but(PHASE), takes_options=True)
