"""`=`, `==`, `<`, `<=`, `>`, `>=`: comparisons of numbers, with K, M and G.

The first documentation of events prints `${if = {msg:delivery}{$tpda_event} ...}`. The name of an event is never a
number, so a comparison that could only fail is read as the one that is meant: `=` with `$tpda_event` or `$event_name`,
alone on one side, compares strings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError
from eximia.expand.conditions.reading import one_string
from eximia.expand.conditions.simple import TwoStrings, TwoStringsNode
from eximia.expand.nodes import Checked, Condition, Node, Sequence, Test, first_skip_error
from eximia.expand.numbers import integer
from eximia.expand.parser import Parser, Trouble
from eximia.expand.variables.reference import VariableReference

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Numeric:
    """A comparison of two numbers."""

    compare: Callable[[int, int], bool]

    def parse(self, parser: Parser, name: str) -> Condition:
        first = one_string(parser, name)
        parser.done[-1:] = [Checked(first, integer)]
        if not parser.accept("{"):
            raise Trouble(f'missing 2nd string in {{}} after "{name}"')
        second = parser.braced()
        if self.compare is eq and (_is_event_name(first) or _is_event_name(second)):
            return TwoStringsNode(_SAME_TEXT, first, second)
        return NumericNode(self.compare, first, second)


def _is_event_name(side: Sequence) -> bool:
    only = side.parts[0] if len(side.parts) == 1 else None
    return isinstance(only, VariableReference) and only.name in ("event_name", "tpda_event")


_SAME_TEXT = TwoStrings(lambda _ctx, first, second: first == second)


class NumericNode(Condition):
    """A use of such a comparison."""

    __slots__ = ("compare", "first", "second")

    def __init__(self, compare: Callable[[int, int], bool], first: Sequence, second: Sequence) -> None:
        self.compare = compare
        self.first = first
        self.second = second

    def children(self) -> Iterator[Node]:
        yield self.first
        yield self.second

    def skip_error(self) -> str | None:
        return first_skip_error(self.first, self.second)

    def test(self) -> Test:
        compare = self.compare
        first, second = self.first.compile(), self.second.compile()
        constant = self.second.constant()
        if constant is not None:
            try:
                fixed = integer(constant)
            except ExpansionError:
                pass
            else:

                def run_fixed(ctx: Context) -> bool:
                    return compare(integer(first(ctx)), fixed)

                return run_fixed

        def run(ctx: Context) -> bool:
            left = integer(first(ctx))
            return compare(left, integer(second(ctx)))

        return run


EQUAL = Numeric(eq)
LESS = Numeric(lt)
LESS_EQUAL = Numeric(le)
GREATER = Numeric(gt)
GREATER_EQUAL = Numeric(ge)
