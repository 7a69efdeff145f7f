"""Items that find a value and end with yes/no strings, such as `${env{key}{yes}{no}}`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError
from eximia.expand.branches import Branches, read_branches
from eximia.expand.nodes import Checked, Node, Run, Sequence, first_skip_error, gathering
from eximia.expand.parser import Parser

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class ValueItem:
    """`missing` has the message for each string that is not there; `find(ctx, values)` gives the value or None."""

    missing: tuple[str, ...]
    find: Callable[[Context, list[str]], str | None]
    #: errors in constant strings that Exim finds even when it skips the item
    check: Callable[[list[str | None]], None] | None = None
    #: what the first string must be before the others are looked at
    first: Callable[[str], object] | None = None

    def parse(self, parser: Parser, name: str) -> Node:
        args: list[Sequence] = []
        for message in self.missing:
            if not parser.accept("{"):
                raise parser.trouble(message)
            args.append(parser.braced())
            if self.first is not None and len(args) == 1:
                parser.done[-1:] = [Checked(args[0], self.first)]
        return ValueNode(self, args, read_branches(parser, name))


class ValueNode(Node):
    """A use of such an item."""

    __slots__ = ("args", "branches", "item")

    def __init__(self, item: ValueItem, args: list[Sequence], branches: Branches) -> None:
        self.item = item
        self.args = args
        self.branches = branches

    def children(self) -> Iterator[Node]:
        yield from self.args
        yield self.branches

    def skip_error(self) -> str | None:
        error = first_skip_error(*self.args)
        if error is None and self.item.check is not None:
            try:
                self.item.check([arg.constant() for arg in self.args])
            except ExpansionError as failure:
                error = failure.message
        return error or self.branches.skip_error()

    def _first_is_good(self, check: Callable[[str], object]) -> bool:
        """The first string never changes and is as it must be."""
        constant = self.args[0].constant()
        if constant is None:
            return False
        try:
            check(constant)
        except ExpansionError:
            return False
        return True

    def compile(self) -> Run:
        gather = gathering(self.args)
        find, first = self.item.find, self.item.first
        choose = self.branches.on_value()

        def run(ctx: Context) -> str:
            return choose(ctx, find(ctx, gather(ctx)))

        if first is None or self._first_is_good(first):
            return run
        check = first
        runs = tuple(arg.compile() for arg in self.args)

        def run_checked(ctx: Context) -> str:
            values = [runs[0](ctx)]
            check(values[0])
            values += [part(ctx) for part in runs[1:]]
            return choose(ctx, find(ctx, values))

        return run_checked
