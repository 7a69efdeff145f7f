"""`${sort{list}{comparator}{extractor}}`: a list in order.

The comparator is the name of a two-string condition; the extractor is expanded for each item with `$item` set.
An item goes before the first one already sorted that it should precede, so equal items keep the order that the
comparator asks for.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import like, lower
from eximia.expand.items.walking import finish, listed, wanted
from eximia.expand.listing import join_list
from eximia.expand.nodes import Node, Run, Sequence, first_skip_error
from eximia.expand.numbers import integer
from eximia.expand.parser import Parser, Trouble

if TYPE_CHECKING:
    from eximia.context import Context

Before = Callable[[str, str], bool]


def _numeric(compare: Callable[[int, int], bool]) -> Before:
    """A comparison of numbers; what is no number goes before nothing."""

    def before(a: str, b: str) -> bool:
        try:
            return compare(integer(a), integer(b))
        except ExpansionError:
            return False

    return before


_COMPARATORS: dict[str, Before] = {
    "<": _numeric(operator.lt),
    "<=": _numeric(operator.le),
    ">": _numeric(operator.gt),
    ">=": _numeric(operator.ge),
    "lt": operator.lt,
    "lti": lambda a, b: lower(a) < lower(b),
    "le": operator.le,
    "lei": lambda a, b: lower(a) <= lower(b),
    "gt": operator.gt,
    "gti": lambda a, b: lower(a) > lower(b),
    "ge": operator.ge,
    "gei": lambda a, b: lower(a) >= lower(b),
}


def comparator(text: str) -> Before:
    """The comparison called `text`. Raises ExpansionError."""
    from eximia.expand.conditions.catalogue import CONDITIONS

    name = Parser(text).name() or _symbol(text)
    if not name:
        raise ExpansionError(f'condition name expected, but found "{text[:16]}"')
    if name not in CONDITIONS:
        raise ExpansionError(f'unknown condition "{name}"')
    found = _COMPARATORS.get(name)
    if found is None:
        raise ExpansionError("comparator not handled for sort")
    return found


def _symbol(text: str) -> str:
    size = 2 if text[:2] in ("<=", ">=", "==") else 1
    return text[:size] if text[:1] in ("<", ">", "=") and text else ""


class SortItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        source = wanted(parser, name, "list")
        if not parser.accept("{"):
            raise parser.trouble(f"missing '{{' for comparator arg of {name}")
        order = parser.braced(dollar=False)
        try:
            before = comparator(order.constant() or "")
        except ExpansionError as failure:
            raise Trouble(failure.message) from None
        key = wanted(parser, name, "extractor")
        finish(parser, name)
        return SortNode(source, before, key)


class SortNode(Node):
    """A use of the item."""

    __slots__ = ("before", "key", "source_list")

    def __init__(self, source_list: Sequence, before: Before, key: Sequence) -> None:
        self.source_list = source_list
        self.before = before
        self.key = key

    def children(self) -> Iterator[Node]:
        yield self.source_list
        yield self.key

    def skip_error(self) -> str | None:
        return first_skip_error(*self.children())

    def compile(self) -> Run:
        source, key, before = self.source_list.compile(), self.key.compile(), self.before
        extractor = self.key.text
        skip_error = self.key.skip_error()

        def run(ctx: Context) -> str:
            text = source(ctx)
            if skip_error is not None:
                raise ExpansionError(skip_error)
            char, items = listed(text)
            scope = ctx.scope
            saved = scope.item
            ranked: list[tuple[str, str]] = []
            try:
                for item in items:
                    scope.item = item
                    rank = key(ctx)
                    if not rank:
                        raise ExpansionError("the extractor gave nothing")
                    _insert(ranked, item, rank, before)
            except ExpansionError as failure:
                raise ExpansionError(f'field-extract in sort: "{extractor}"') from failure
            finally:
                scope.item = saved
            return like(join_list([item for item, _ in ranked], char), text)

        return run


def _insert(ranked: list[tuple[str, str]], item: str, rank: str, before: Before) -> None:
    for index, (_, other) in enumerate(ranked):
        if before(rank, other):
            ranked.insert(index, (item, rank))
            return
    ranked.append((item, rank))


SORT = SortItem()
