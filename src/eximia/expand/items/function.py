"""Items that are a function of their strings: `${name{a}{b}...}`.

All strings are expanded first, from left to right, then the function is called. Not here: items with a
condition, with `$item`, or with yes/no strings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError, TaintError
from eximia.base.text import Untainted
from eximia.expand.nodes import Node, Run, Sequence, first_skip_error, gathering
from eximia.expand.parser import Parser, Trouble
from eximia.expand.sinks import with_origin

if TYPE_CHECKING:
    from eximia.context import Context


class Item(Protocol):
    """What the catalogue of items holds."""

    def parse(self, parser: Parser, name: str) -> Node:
        """Read the item; the cursor is behind its name, and must end behind its closing bracket. Raises Trouble."""


def arguments(parser: Parser, name: str, least: int, most: int) -> list[Sequence]:
    """`least` to `most` strings in brackets and the closing bracket of the item."""
    found: list[Sequence] = []
    while len(found) < most:
        if not parser.accept("{"):
            if len(found) < least:
                raise parser.trouble(f"Not enough arguments for '{name}' (min is {least})")
            break
        found.append(parser.braced())
    following = parser.skip_space()
    if following == "{":
        raise Trouble(f"Too many arguments for '{name}' (max is {most})")
    if following != "}":
        raise parser.trouble(f"missing '}}' after '{name}'")
    parser.pos += 1
    return found


@dataclass(frozen=True, slots=True)
class FunctionItem:
    """`apply(ctx, name, values)` makes the result.

    `safe`, `pure`: as for operators. `eager`: Exim calls the function even for a skipped item, so that constant
    arguments that are wrong are reported then, too.
    """

    least: int
    most: int
    apply: Callable[[Context, str, list[str]], str]
    safe: bool = False
    pure: bool = True
    eager: bool = False

    def parse(self, parser: Parser, name: str) -> Node:
        return FunctionNode(self, name, arguments(parser, name, self.least, self.most))


class FunctionNode(Node):
    """A use of a function item."""

    __slots__ = ("args", "item", "name")

    def __init__(self, item: FunctionItem, name: str, args: list[Sequence]) -> None:
        self.item = item
        self.name = name
        self.args = args

    def children(self) -> Iterator[Node]:
        return iter(self.args)

    def _constants(self) -> list[str] | None:
        values: list[str] = []
        for arg in self.args:
            value = arg.constant()
            if value is None:
                return None
            values.append(value)
        return values

    def constant(self) -> str | None:
        if not self.item.pure:
            return None
        values = self._constants()
        if values is None:
            return None
        try:
            return Untainted(self.item.apply(_NO_CONTEXT, self.name, values))
        except ExpansionError:
            return None

    def skip_error(self) -> str | None:
        error = first_skip_error(*self.args)
        if error is None and self.item.eager:
            # What is not known is taken for a good number.
            constants = (arg.constant() for arg in self.args)
            try:
                self.item.apply(_NO_CONTEXT, self.name, [_ONE if value is None else value for value in constants])
            except ExpansionError as failure:
                error = failure.message
        return error

    def compile(self) -> Run:
        gather = gathering(self.args)
        name, apply, safe = self.name, self.item.apply, self.item.safe
        args = self.args

        def run(ctx: Context) -> str:
            values = gather(ctx)
            try:
                result = apply(ctx, name, values)
            except TaintError as failure:
                raise with_origin(ctx, failure, args) from failure
            if safe:
                return Untainted(result)
            if type(result) is str:
                for value in values:
                    if type(value) is not Untainted:
                        return result
                return Untainted(result)
            return result

        return run


_ONE = Untainted("1")
# A pure function never looks at its context; see FunctionItem.pure.
_NO_CONTEXT: Context = None  # type: ignore[assignment]
