"""`inbound_srs{local part}{secret}`: decodes what `${srs_encode ...}` made; `$srs_recipient` (58.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.conditions.wrapped import Strings
from eximia.message.srs import decode

if TYPE_CHECKING:
    from eximia.context import Context


def _inbound_srs(ctx: Context, values: list[str]) -> bool:
    local_part, secret = values
    address = decode(local_part, secret, ctx.process.ports.clock.time())
    if address is None:
        return False
    ctx.session.notes["srs_recipient"] = address
    return True


INBOUND_SRS = Strings(2, 2, _inbound_srs, outer=False)
