"""`lc` and `uc`: case of ASCII letters, as in the C locale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import lower
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context

_UPPER = {code: code - 32 for code in range(97, 123)}


def upper(text: str) -> str:
    """ASCII letters in upper case; other bytes unchanged."""
    return text.upper() if text.isascii() else text.translate(_UPPER)


def _lc(ctx: Context, subject: str, argument: str | None) -> str:
    return lower(subject)


def _uc(ctx: Context, subject: str, argument: str | None) -> str:
    return upper(subject)


LC = Operator(_lc)
UC = Operator(_uc)
