"""`${if <condition> {yes}{no}}`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from eximia.expand.branches import Branches, read_branches
from eximia.expand.conditions.reading import read_condition
from eximia.expand.nodes import Condition, Node, Run, first_skip_error
from eximia.expand.parser import Parser

if TYPE_CHECKING:
    from eximia.context import Context


Truth = Callable[["Context"], object]


class IfItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        condition = read_condition(parser)
        parser.add(condition)
        return IfNode(condition, read_branches(parser, name))


class IfNode(Node):
    """A condition with what follows from it."""

    __slots__ = ("branches", "condition")

    def __init__(self, condition: Condition, branches: Branches) -> None:
        self.condition = condition
        self.branches = branches

    def children(self) -> Iterator[Node]:
        yield self.condition
        yield self.branches

    def skip_error(self) -> str | None:
        return first_skip_error(self.condition, self.branches)

    def compile(self) -> Run:
        if self.condition.scoped:
            from eximia.expand.conditions.match import without_captures

            without_captures(self)
        test = self.condition.truth()
        run_yes, run_no = self.branches.pair()
        if not self.condition.scoped and not any(node.sets_value for node in self.walk()):
            yes, no = self.branches.constants()
            if yes is not None and no is not None:
                return _either(test, yes, no)
            if no is not None:
                return _or_constant(test, run_yes, no)

            def run(ctx: Context) -> str:
                return run_yes(ctx) if test(ctx) else run_no(ctx)

            return run

        def run_scoped(ctx: Context) -> str:
            # What the condition sets ($0..., $value) is seen by the strings of this item only.
            scope = ctx.scope
            numeric, value = scope.numeric, scope.value
            try:
                return run_yes(ctx) if test(ctx) else run_no(ctx)
            finally:
                scope.numeric = numeric
                scope.value = value

        return run_scoped


def _either(test: Truth, yes: str, no: str) -> Run:
    def run(ctx: Context) -> str:
        return yes if test(ctx) else no

    return run


def _or_constant(test: Truth, run_yes: Run, no: str) -> Run:
    def run(ctx: Context) -> str:
        return run_yes(ctx) if test(ctx) else no

    return run


IF = IfItem()
