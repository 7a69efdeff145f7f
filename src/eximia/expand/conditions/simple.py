"""Conditions that are a function of one or two expanded strings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError
from eximia.expand.conditions.reading import one_string, two_strings
from eximia.expand.nodes import Condition, Node, Sequence, Test, first_skip_error
from eximia.expand.parser import Parser

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class OneString:
    """`name{string}`."""

    check: Callable[[Context, str], bool]
    #: raises for constants that Exim finds wrong even when it skips the condition
    eager: Callable[[str], object] | None = None

    def parse(self, parser: Parser, name: str) -> Condition:
        return OneStringNode(self, one_string(parser, name))


class OneStringNode(Condition):
    """A use of such a condition."""

    __slots__ = ("kind", "subject")

    def __init__(self, kind: OneString, subject: Sequence) -> None:
        self.kind = kind
        self.subject = subject

    def children(self) -> Iterator[Node]:
        yield self.subject

    def skip_error(self) -> str | None:
        error = self.subject.skip_error()
        constant = self.subject.constant()
        if error is None and constant is not None and self.kind.eager is not None:
            try:
                self.kind.eager(constant)
            except ExpansionError as failure:
                error = failure.message
        return error

    def test(self) -> Test:
        subject, check = self.subject.compile(), self.kind.check

        def run(ctx: Context) -> bool:
            return check(ctx, subject(ctx))

        return run


@dataclass(frozen=True, slots=True)
class TwoStrings:
    """`name{string}{string}`. `sets`: the check may set `$0`... or `$value`. `literal`: the second string is
    not expanded."""

    check: Callable[[Context, str, str], bool]
    sets: bool = False
    literal: bool = False

    def parse(self, parser: Parser, name: str) -> Condition:
        first, second = two_strings(parser, name, second_dollar=not self.literal)
        return TwoStringsNode(self, first, second)


class TwoStringsNode(Condition):
    """A use of such a condition."""

    __slots__ = ("first", "kind", "second")

    def __init__(self, kind: TwoStrings, first: Sequence, second: Sequence) -> None:
        self.kind = kind
        self.first = first
        self.second = second

    @property
    def scoped(self) -> bool:  # type: ignore[override]
        return self.kind.sets

    def children(self) -> Iterator[Node]:
        yield self.first
        yield self.second

    def skip_error(self) -> str | None:
        return first_skip_error(self.first, self.second)

    def test(self) -> Test:
        first, check = self.first.compile(), self.kind.check
        constant = self.second.constant()
        if constant is not None:
            fixed = constant

            def run_fixed(ctx: Context) -> bool:
                return check(ctx, first(ctx), fixed)

            return run_fixed
        second = self.second.compile()

        def run(ctx: Context) -> bool:
            return check(ctx, first(ctx), second(ctx))

        return run
