"""`dmarc_status`: whether DMARC's status is one of those in the list (manual 58.6)."""

from __future__ import annotations

from eximia.acl.dmarc.check import check_dmarc
from eximia.acl.model import Handler
from eximia.acl.phases import DATA, PRDR, all_but
from eximia.acl.run import Run
from eximia.acl.words import is_listed


def _dmarc_status(one: Run, text: str) -> bool:
    return is_listed(check_dmarc(one.ctx), text, {})


DMARC_STATUS = Handler("dmarc_status", _dmarc_status, forbidden=all_but(DATA, PRDR))
