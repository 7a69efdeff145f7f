"""`and{{..}{..}}` and `or{{..}{..}}`: conditions from left to right, as far as needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError
from eximia.expand.conditions.reading import inner_condition
from eximia.expand.nodes import Condition, Node, Test, first_skip_error, within
from eximia.expand.parser import Parser, Trouble

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Combining:
    """`and` and `or`. `stop`: the outcome that settles the whole."""

    stop: bool

    def parse(self, parser: Parser, name: str) -> Condition:
        if not parser.accept("{"):
            raise Trouble(f'missing {{ after "{name}"')
        inner: list[Condition] = []
        while (char := parser.skip_space()) != "}":
            if char != "{":
                raise Trouble(f'each subcondition inside an "{name}{{...}}" condition must be in its own {{}}')
            parser.pos += 1
            inner.append(inner_condition(parser, f' inside "{name}{{...}}" condition'))
            if not parser.accept("}"):
                raise Trouble(f'missing }} at end of condition inside "{name}" group')
        parser.pos += 1
        return CombinedNode(name, self.stop, inner)


class CombinedNode(Condition):
    """A group of conditions."""

    __slots__ = ("inner", "name", "stop")

    def __init__(self, name: str, stop: bool, inner: list[Condition]) -> None:
        self.name = name
        self.stop = stop
        self.inner = inner

    @property
    def scoped(self) -> bool:  # type: ignore[override]
        return any(condition.scoped for condition in self.inner)

    def children(self) -> Iterator[Node]:
        return iter(self.inner)

    def skip_error(self) -> str | None:
        error = first_skip_error(*self.inner)
        return None if error is None else f'{error} inside "{self.name}{{...}}" condition'

    def test(self) -> Test:
        inner = self.inner
        steps = tuple((inner[index].test(), _error_after(inner[index + 1 :])) for index in range(len(inner)))
        stop = self.stop
        suffix = f' inside "{self.name}{{...}}" condition'

        def run(ctx: Context) -> bool:
            try:
                for test, later in steps:
                    if test(ctx) is stop:
                        if later is not None:
                            raise ExpansionError(later)
                        return stop
            except ExpansionError as failure:
                raise within(failure, suffix) from failure
            return not stop

        return run


def _error_after(skipped: list[Condition]) -> str | None:
    """What skipping over the rest would find."""
    return first_skip_error(*skipped)


AND = Combining(stop=False)
OR = Combining(stop=True)
