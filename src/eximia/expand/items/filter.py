"""`${filter{list}{condition}}`: the items for which the condition is true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import like
from eximia.expand.conditions.reading import inner_condition
from eximia.expand.items.walking import finish, source, wanted
from eximia.expand.listing import join_list
from eximia.expand.nodes import Condition, Node, Run, Sequence, within
from eximia.expand.parser import Parser, Trouble

if TYPE_CHECKING:
    from eximia.context import Context


class FilterItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        source_list = wanted(parser, name, "first")
        if not parser.accept("{"):
            raise parser.trouble(f"missing '{{' for last arg of {name}")
        condition = inner_condition(parser, f' inside "{name}" item', repeated=True)
        if not parser.accept("}"):
            raise Trouble(
                f'missing }} at end of condition or expression inside "{name}"; could be an unquoted }} in the content',
            )
        finish(parser, name)
        return FilterNode(source_list, condition)


class FilterNode(Node):
    """A use of the item."""

    __slots__ = ("condition", "source_list")

    def __init__(self, source_list: Sequence, condition: Condition) -> None:
        self.source_list = source_list
        self.condition = condition

    def children(self) -> Iterator[Node]:
        yield self.source_list
        yield self.condition

    def skip_error(self) -> str | None:
        error = self.condition.skip_error()
        return self.source_list.skip_error() or (None if error is None else f'{error} inside "filter" item')

    def compile(self) -> Run:
        cut = source(self.source_list)
        test = self.condition.test()
        error = self.condition.skip_error()
        skip_error = None if error is None else f'{error} inside "filter" item'

        def run(ctx: Context) -> str:
            text, char, items = cut(ctx)
            if skip_error is not None:
                raise ExpansionError(skip_error)
            if not items:
                return like("", text)
            scope = ctx.scope
            saved, value, numeric = scope.item, scope.value, scope.numeric
            kept: list[str] = []
            try:
                for item in items:
                    scope.item = item
                    if test(ctx):
                        kept.append(item)
            except ExpansionError as failure:
                raise within(failure, ' inside "filter" condition') from failure
            finally:
                scope.item, scope.value, scope.numeric = saved, value, numeric
            return like(join_list(kept, char), text)

        return run


FILTER = FilterItem()
