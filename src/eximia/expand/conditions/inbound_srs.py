"""`inbound_srs{local part}{secret}`: decodes what `${srs_encode ...}` made; `$srs_recipient` (58.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.conditions.wrapped import Strings
from eximia.expand.srs import PATTERN, fresh, signature
from eximia.message.address import quote_local_part

if TYPE_CHECKING:
    from eximia.context import Context


def _inbound_srs(ctx: Context, values: list[str]) -> bool:
    local_part, secret = values
    match = PATTERN.fullmatch(local_part)
    if match is None:
        return False
    signed, first, second, domain, original = match.groups()
    quoted = quote_local_part(original) if original else ""
    address = f"{quoted}@{domain}"
    if secret:
        if not fresh(first, second, ctx.process.ports.clock.time()):
            return False
        whole = address if domain else quoted
        if signature(secret, whole) != signed:
            return False
    ctx.session.notes["srs_recipient"] = address
    return True


INBOUND_SRS = Strings(2, 2, _inbound_srs, outer=False)
