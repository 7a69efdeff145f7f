"""`${tr{subject}{characters}{replacements}}`: bytes replaced by bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.items.function import FunctionItem

if TYPE_CHECKING:
    from eximia.context import Context


def _tr(ctx: Context, name: str, values: list[str]) -> str:
    subject, old, new = values
    if not new:
        return subject
    last = new[-1]
    return subject.translate({ord(char): new[i] if i < len(new) else last for i, char in enumerate(old)})


TR = FunctionItem(3, 3, _tr)
