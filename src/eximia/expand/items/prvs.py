"""`${prvs{address}{secret}{key number}}`: an address signed for bounce address tag validation (44.53)."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.pattern import pattern
from eximia.base.text import to_bytes
from eximia.expand.items.function import FunctionItem

if TYPE_CHECKING:
    from eximia.context import Context

#: days that a signature lasts
LIFETIME = 7
SIGNED = pattern(r"prvs=([0-9])([0-9]{3})([A-Fa-f0-9]{6})=(.+)@(.+)", re.DOTALL | re.IGNORECASE)


def day(ctx: Context, ahead: int = 0) -> int:
    """The day's number, modulo 1000, `ahead` days from now."""
    return (int(ctx.process.ports.clock.time()) // 86400 + ahead) % 1000


def digest(address: str, secret: str, key: str, day_digits: str) -> str:
    """The six hexadecimal digits that sign an address."""
    return hmac.new(to_bytes(secret), to_bytes(f"{key}{day_digits}{address}"), "sha1").hexdigest()[:6]


def _prvs(ctx: Context, name: str, values: list[str]) -> str:
    address, secret = values[0], values[1]
    at = address.rfind("@")
    if at <= 0:
        raise ExpansionError("prvs first argument must be a qualified email address")
    key = values[2] if len(values) > 2 else "0"
    if len(key) != 1 or not ("0" <= key <= "9"):
        raise ExpansionError("prvs third argument must be a single digit")
    days = f"{day(ctx, LIFETIME):03d}"
    return f"prvs={key}{days}{digest(address, secret, key, days)}={address}"


PRVS = FunctionItem(2, 3, _prvs, pure=False)
