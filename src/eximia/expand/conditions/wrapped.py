"""Conditions with several strings in an outer pair of brackets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.expand.conditions.reading import plain_strings, wrapped_strings
from eximia.expand.nodes import Condition, Node, Sequence, Test, first_skip_error
from eximia.expand.parser import Parser

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Strings:
    """`name{{a}{b}...}`, or without `outer` `name{a}{b}...`."""

    least: int
    most: int
    check: Callable[[Context, list[str]], bool]
    sets: bool = False
    outer: bool = True

    def parse(self, parser: Parser, name: str) -> Condition:
        read = wrapped_strings if self.outer else plain_strings
        return StringsNode(self, read(parser, name, self.least, self.most))


class StringsNode(Condition):
    """A use of such a condition."""

    __slots__ = ("args", "kind")

    def __init__(self, kind: Strings, args: list[Sequence]) -> None:
        self.kind = kind
        self.args = args

    @property
    def scoped(self) -> bool:  # type: ignore[override]
        return self.kind.sets

    def children(self) -> Iterator[Node]:
        return iter(self.args)

    def skip_error(self) -> str | None:
        return first_skip_error(*self.args)

    def test(self) -> Test:
        runs = tuple(arg.compile() for arg in self.args)
        check = self.kind.check

        def run(ctx: Context) -> bool:
            return check(ctx, [part(ctx) for part in runs])

        return run
