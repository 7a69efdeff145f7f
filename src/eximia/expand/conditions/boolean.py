"""`bool` and `bool_lax`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.conditions.simple import OneString
from eximia.expand.numbers import lax_truth, truth

if TYPE_CHECKING:
    from eximia.context import Context


def _bool(ctx: Context, text: str) -> bool:
    return truth(text)


def _bool_lax(ctx: Context, text: str) -> bool:
    return lax_truth(text)


BOOL = OneString(_bool, truth)
BOOL_LAX = OneString(_bool_lax)
