"""`${reduce{list}{start}{string}}`: the string expanded for each item, `$value` holding the result so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.items.walking import body, finish, inside, skip_inside, source, wanted
from eximia.expand.nodes import Node, Run, Sequence, first_skip_error
from eximia.expand.parser import Parser

if TYPE_CHECKING:
    from eximia.context import Context


class ReduceItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        source_list = wanted(parser, name, "first")
        begin = wanted(parser, name, "second")
        step = body(parser, name)
        finish(parser, name)
        return ReduceNode(source_list, begin, step)


class ReduceNode(Node):
    """A use of the item."""

    __slots__ = ("begin", "source_list", "step")

    def __init__(self, source_list: Sequence, begin: Sequence, step: Sequence) -> None:
        self.source_list = source_list
        self.begin = begin
        self.step = step

    def children(self) -> Iterator[Node]:
        yield self.source_list
        yield self.begin
        yield self.step

    def skip_error(self) -> str | None:
        return first_skip_error(self.source_list, self.begin) or skip_inside("reduce", self.step)

    def compile(self) -> Run:
        cut, begin, step = source(self.source_list), self.begin.compile(), self.step.compile()
        skip_error = skip_inside("reduce", self.step)

        def run(ctx: Context) -> str:
            _, _, items = cut(ctx)
            result = begin(ctx)
            if skip_error is not None:
                raise ExpansionError(skip_error)
            scope = ctx.scope
            saved, value = scope.item, scope.value
            try:
                for item in items:
                    scope.item = item
                    scope.value = result
                    result = step(ctx)
            except ExpansionError as failure:
                raise inside("reduce", failure) from failure
            finally:
                scope.item, scope.value = saved, value
            return result

        return run


REDUCE = ReduceItem()
