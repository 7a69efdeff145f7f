"""`${hmac{md5|sha1}{secret}{string}}` (RFC 2104)."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import to_bytes
from eximia.expand.items.function import FunctionItem

if TYPE_CHECKING:
    from eximia.context import Context


def _hmac(ctx: Context, name: str, values: list[str]) -> str:
    algorithm, secret, text = values
    if algorithm not in ("md5", "sha1"):
        raise ExpansionError(f'hmac algorithm "{algorithm}" is not recognised')
    return hmac.new(to_bytes(secret), to_bytes(text), algorithm).hexdigest()


HMAC = FunctionItem(3, 3, _hmac, safe=True)
