"""`inlist` and `inlisti`: a string among simple strings; `$value` is the item, with the mark of the list."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from eximia.base.text import like, lower
from eximia.expand.conditions.simple import TwoStrings
from eximia.expand.listing import split_list

if TYPE_CHECKING:
    from eximia.context import Context


@lru_cache(maxsize=512)
def _items(text: str) -> tuple[str, ...]:
    return tuple(split_list(text)[1])


def _inlist(ctx: Context, subject: str, items: str) -> bool:
    if subject in _items(items):
        ctx.scope.value = like(subject + "", items)
        return True
    return False


def _inlisti(ctx: Context, subject: str, items: str) -> bool:
    wanted = lower(subject)
    for item in _items(items):
        if lower(item) == wanted:
            ctx.scope.value = like(item, items)
            return True
    return False


INLIST = TwoStrings(_inlist, sets=True)
INLISTI = TwoStrings(_inlisti, sets=True)
