"""`${tr{subject}{characters}{replacements}}`: bytes replaced by bytes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from eximia.expand.items.function import FunctionItem

if TYPE_CHECKING:
    from eximia.context import Context


def _tr(ctx: Context, name: str, values: list[str]) -> str:
    subject, old, new = values
    if not new:
        return subject
    return subject.translate(_table(old, new))


@lru_cache(maxsize=256)
def _table(old: str, new: str) -> dict[int, str]:
    last = new[-1]
    return {ord(char): new[place] if place < len(new) else last for place, char in enumerate(old)}


TR = FunctionItem(3, 3, _tr)
