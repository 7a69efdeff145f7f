"""`${map{list}{string}}`: the string expanded for each item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import like
from eximia.expand.items.walking import body, finish, inside, skip_inside, source, wanted
from eximia.expand.listing import join_list
from eximia.expand.nodes import Node, Run, Sequence
from eximia.expand.parser import Parser

if TYPE_CHECKING:
    from eximia.context import Context


class MapItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        source_list = wanted(parser, name, "first")
        mapped = body(parser, name)
        finish(parser, name)
        return MapNode(source_list, mapped)


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
        return self.source_list.skip_error() or skip_inside("map", self.mapped)

    def compile(self) -> Run:
        cut, mapped = source(self.source_list), self.mapped.compile()
        skip_error = skip_inside("map", self.mapped)

        def run(ctx: Context) -> str:
            _, char, items = cut(ctx)
            if skip_error is not None:
                raise ExpansionError(skip_error)
            scope = ctx.scope
            saved = scope.item
            found: list[str] = []
            add = found.append
            try:
                for item in items:
                    scope.item = item
                    add(mapped(ctx))
            except ExpansionError as failure:
                raise inside("map", failure) from failure
            finally:
                scope.item = saved
            return like(join_list(found, char), *found)

        return run


MAP = MapItem()
