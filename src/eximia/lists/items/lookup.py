"""Lookups in lists: `type;file` with the subject as key, and `type;query` (manual 10.9, 10.18, 10.19, 10.20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import lower, marked
from eximia.lists.match import Match, Outcome, signed

if TYPE_CHECKING:
    from eximia.context import Context


def split_lookup(item: str) -> tuple[str, str] | None:
    """(search type as written, file or query) of `type;rest`; None when the item has no semicolon."""
    search, semicolon, rest = item.partition(";")
    if not semicolon:
        return None
    return search, marked(rest.lstrip(), item)


class Lookup:
    """A lookup whose key is the subject, in lower case unless the list is caseful. `data` stands for what is found:
    in a file of items the value of a match is the line."""

    __slots__ = ("_caseless", "_data", "_positive", "_search", "_source")

    def __init__(self, search: str, source: str, positive: bool, *, caseless: bool, data: str | None = None) -> None:
        self._data = data
        self._search = search
        self._source = source
        self._positive = positive
        self._caseless = caseless

    def match(self, subject: str, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`. Partial matching appends the wild and the fixed part of the key."""
        key = lower(subject) if self._caseless else subject
        found = ctx.process.services.lookups.find_item(ctx, self._search, key, self._source)
        if found is None:
            return None
        numbers += found.numbers
        return signed(Match(found.data if self._data is None else self._data), self._positive)
