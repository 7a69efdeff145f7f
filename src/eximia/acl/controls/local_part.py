"""`caseful_local_part`, `caselower_local_part`: the case of $local_part in the RCPT ACL (manual 44.22)."""

from __future__ import annotations

from eximia.acl.phases import RCPT, all_but
from eximia.acl.run import Run
from eximia.base.text import lower
from eximia.message.address import unquote_local_part

from .control import Control


def _caseful(one: Run, _options: str | None) -> None:
    address = one.ctx.address
    if address.original_local_part:
        address.local_part = unquote_local_part(address.original_local_part)


def _caselower(one: Run, _options: str | None) -> None:
    address = one.ctx.address
    address.local_part = lower(address.local_part)


CASEFUL = Control("caseful_local_part", _caseful, forbidden=all_but(RCPT))
CASELOWER = Control("caselower_local_part", _caselower, forbidden=all_but(RCPT))
