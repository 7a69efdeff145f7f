"""`${map{list}{string}}`: the string expanded for each item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import like
from eximia.expand.items.walking import finish, inside, listed, wanted
from eximia.expand.listing import join_list
from eximia.expand.nodes import Node, Run, Sequence, first_skip_error
from eximia.expand.parser import Parser

if TYPE_CHECKING:
    from eximia.context import Context


class MapItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        source = wanted(parser, name, "first")
        mapped = wanted(parser, name, "last")
        finish(parser, name)
        return MapNode(source, mapped)


class MapNode(Node):
    """A use of the item."""

    __slots__ = ("mapped", "source_list")

    def __init__(self, source_list: Sequence, mapped: Sequence) -> None:
        self.source_list = source_list
        self.mapped = mapped

    def children(self) -> Iterator[Node]:
        yield self.source_list
        yield self.mapped

    def skip_error(self) -> str | None:
        return first_skip_error(self.source_list, self.mapped)

    def compile(self) -> Run:
        source, mapped = self.source_list.compile(), self.mapped.compile()

        def run(ctx: Context) -> str:
            text = source(ctx)
            char, items = listed(text)
            scope = ctx.scope
            saved = scope.item
            found: list[str] = []
            try:
                for item in items:
                    scope.item = item
                    found.append(mapped(ctx))
            except ExpansionError as failure:
                raise inside("map", failure) from failure
            finally:
                scope.item = saved
            return like(join_list(found, char), *found)

        return run


MAP = MapItem()
