"""`${listquote{separator}{string}}`: a string as one item of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.items.function import FunctionItem
from eximia.expand.listing import quote_item

if TYPE_CHECKING:
    from eximia.context import Context


def _listquote(ctx: Context, name: str, values: list[str]) -> str:
    char, text = values[0][:1], values[1]
    return quote_item(text, char) if char else text or " "


LISTQUOTE = FunctionItem(2, 2, _listquote)
