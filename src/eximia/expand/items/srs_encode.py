"""`${srs_encode{secret}{return path}{domain}}`: SRS0 addresses as manual chapter 58.5 has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.items.function import FunctionItem

if TYPE_CHECKING:
    from eximia.context import Context


def _srs_encode(ctx: Context, name: str, values: list[str]) -> str:
    from eximia.message.srs import AddressSyntaxError, encode

    secret, path, domain = values
    try:
        return encode(secret, path, domain, ctx.process.ports.clock.time())
    except AddressSyntaxError as error:
        raise ExpansionError(error.message) from error


SRS_ENCODE = FunctionItem(3, 3, _srs_encode, pure=False)
