"""`isip`, `isip4`, `isip6`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.addressing import ip_words
from eximia.expand.conditions.simple import OneString

if TYPE_CHECKING:
    from eximia.context import Context


def _isip(ctx: Context, text: str) -> bool:
    return ip_words(text) is not None


def _isip4(ctx: Context, text: str) -> bool:
    words = ip_words(text)
    return words is not None and len(words) == 4


def _isip6(ctx: Context, text: str) -> bool:
    words = ip_words(text)
    return words is not None and len(words) == 8


ISIP = OneString(_isip)
ISIP4 = OneString(_isip4)
ISIP6 = OneString(_isip6)
