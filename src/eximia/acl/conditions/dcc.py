"""`dcc`: the Distributed Checksum Clearinghouse accepts the message (features row 6)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import DATA, NOT_SMTP, PRDR, all_but
from eximia.acl.run import Run
from eximia.base.errors import Defer
from eximia.base.listtext import split_list
from eximia.scan.dcc import dcc


def _check(one: Run, text: str) -> bool | None:
    wanted, *options = split_list(text, "/") or [""]
    if wanted.lower() in ("", "0", "false"):
        return False
    try:
        return dcc(one.ctx)
    except Defer:
        # The usual form is `!dcc`: what was not asked must refuse nothing in either form.
        if any(option.lower() == "defer_ok" for option in options):
            return None
        raise


DCC = Handler("dcc", _check, forbidden=all_but(DATA, PRDR, NOT_SMTP))
