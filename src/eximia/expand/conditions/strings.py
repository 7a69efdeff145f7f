"""`eq`, `lt`, `le`, `gt`, `ge` and their forms that disregard case."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, gt, le, lt

from eximia.base.dataclass import dataclass
from eximia.base.text import lower
from eximia.context import Context
from eximia.expand.conditions.reading import two_strings
from eximia.expand.conditions.simple import TwoStrings, TwoStringsNode
from eximia.expand.nodes import Condition, Test
from eximia.expand.parser import Parser

Compare = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of two strings."""

    compare: Compare
    caseless: bool = False

    def parse(self, parser: Parser, name: str) -> Condition:
        first, second = two_strings(parser, name)
        compare = self.compare

        def check(ctx: Context, a: str, b: str) -> bool:
            return compare(lower(a), lower(b))

        node = ComparisonNode(TwoStrings(check), first, second)
        node.comparison = self
        return node


class ComparisonNode(TwoStringsNode):
    """A comparison; the common ones call nothing but the operator."""

    __slots__ = ("comparison",)

    comparison: Comparison

    def test(self) -> Test:
        if self.comparison.caseless:
            return super().test()
        compare = self.comparison.compare
        first, second = self.first.compile(), self.second.compile()
        constant = self.second.constant()
        if constant is not None and compare is eq:
            fixed = str(constant)

            def run_equal(ctx: Context) -> bool:
                return first(ctx) == fixed

            return run_equal

        def run(ctx: Context) -> bool:
            return compare(first(ctx), second(ctx))

        return run


EQ, EQI = Comparison(eq), Comparison(eq, caseless=True)
LT, LTI = Comparison(lt), Comparison(lt, caseless=True)
LE, LEI = Comparison(le), Comparison(le, caseless=True)
GT, GTI = Comparison(gt), Comparison(gt, caseless=True)
GE, GEI = Comparison(ge), Comparison(ge, caseless=True)
