"""`${srs_encode{secret}{return path}{domain}}`: SRS0 addresses as manual chapter 58.5 has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.items.function import FunctionItem
from eximia.expand.operators.quoting import quote_local_part
from eximia.expand.srs import signature, stamp
from eximia.message.address import AddressSyntaxError, parse_address, unquote_local_part

if TYPE_CHECKING:
    from eximia.context import Context


def _srs_encode(ctx: Context, name: str, values: list[str]) -> str:
    secret, path, domain = values
    if not path:
        return ""
    try:
        parsed = parse_address(path)
    except AddressSyntaxError as error:
        raise ExpansionError(error.message) from error
    local_part = parsed.local_part
    quoted = local_part.startswith('"')
    if quoted:
        local_part = unquote_local_part(local_part)
    when = stamp(ctx.process.ports.clock.time())
    made = f"SRS0={signature(secret, parsed.address)}={when}={parsed.domain}={local_part}"
    return f"{quote_local_part(made) if quoted else made}@{domain}"


SRS_ENCODE = FunctionItem(3, 3, _srs_encode, pure=False)
