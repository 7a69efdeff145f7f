"""`and{{..}{..}}` and `or{{..}{..}}`: conditions from left to right, as far as needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.conditions.reading import read_condition
from eximia.expand.nodes import Condition, Node, Test, first_skip_error
from eximia.expand.parser import Parser, Trouble

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Combining:
    """`and` and `or`. `stop`: the outcome that settles the whole."""

    stop: bool

    def parse(self, parser: Parser, name: str) -> Condition:
        if not parser.accept("{"):
            raise parser.trouble(f'missing {{ after "{name}"')
        inner: list[Condition] = []
        while (char := parser.skip_space()) != "}":
            if char != "{":
                raise parser.trouble(f'each subcondition inside an "{name}{{...}}" condition must be in its own {{}}')
            parser.pos += 1
            try:
                condition = read_condition(parser)
            except Trouble as trouble:
                if trouble.message is None:
                    raise
                raise Trouble(f'{trouble.message} inside "{name}{{...}}" condition') from None
            parser.add(condition)
            inner.append(condition)
            if not parser.accept("}"):
                raise parser.trouble(f'missing }} at end of condition inside "{name}" group')
        parser.pos += 1
        return CombinedNode(self.stop, inner)


class CombinedNode(Condition):
    """A group of conditions."""

    __slots__ = ("inner", "stop")

    def __init__(self, stop: bool, inner: list[Condition]) -> None:
        self.stop = stop
        self.inner = inner

    @property
    def scoped(self) -> bool:  # type: ignore[override]
        return any(condition.scoped for condition in self.inner)

    def children(self) -> Iterator[Node]:
        return iter(self.inner)

    def skip_error(self) -> str | None:
        return first_skip_error(*self.inner)

    def test(self) -> Test:
        inner = self.inner
        steps = tuple((inner[index].test(), _error_after(inner[index + 1 :])) for index in range(len(inner)))
        stop = self.stop
        if len(steps) == 2 and steps[0][1] is None:
            return _pair(steps[0][0], steps[1][0], stop)

        def run(ctx: Context) -> bool:
            for test, later in steps:
                if test(ctx) is stop:
                    if later is not None:
                        raise ExpansionError(later)
                    return stop
            return not stop

        return run


def _pair(first: Test, second: Test, stop: bool) -> Test:
    """The usual case without a loop."""
    if stop:

        def run_or(ctx: Context) -> bool:
            return first(ctx) or second(ctx)

        return run_or

    def run_and(ctx: Context) -> bool:
        return first(ctx) and second(ctx)

    return run_and


def _error_after(skipped: list[Condition]) -> str | None:
    """What skipping over the rest would find."""
    return first_skip_error(*skipped)


AND = Combining(stop=False)
OR = Combining(stop=True)
