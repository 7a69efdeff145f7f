"""`${sg{subject}{regex}{replacement}}`: every match replaced; the replacement is expanded once more for each, with
`$0`, `$1`... set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from eximia.base.text import Untainted
from eximia.expand.engine import compile_text
from eximia.expand.items.function import arguments
from eximia.expand.nodes import Node, Run, Sequence, first_skip_error, gathering
from eximia.expand.parser import Parser

if TYPE_CHECKING:
    from eximia.context import Context


class SgItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        return SgNode(arguments(parser, name, 3, 3))


class SgNode(Node):
    """A use of the item."""

    __slots__ = ("args",)

    def __init__(self, args: list[Sequence]) -> None:
        self.args = args

    def children(self) -> Iterator[Node]:
        return iter(self.args)

    def skip_error(self) -> str | None:
        return first_skip_error(*self.args)

    def compile(self) -> Run:
        gather = gathering(self.args)
        pattern_known = self.args[1].constant() is not None
        kept: Any = None

        def run(ctx: Context) -> str:
            nonlocal kept
            values = gather(ctx)
            subject, pattern, replacement = values
            regex = kept
            if regex is None:
                regex = ctx.process.services.regexes.compile(pattern)
                if pattern_known:
                    kept = regex
            if "$" in replacement or "\\" in replacement:
                result = _expanded(ctx, regex, subject, replacement)
            else:
                result = regex.replaced(subject, replacement)
            if result is None:
                result = subject
            for value in values:
                if type(value) is not Untainted:
                    return result
            return Untainted(result)

        return run


def _expanded(ctx: Context, regex: Any, subject: str, replacement: str) -> str | None:
    """Every match replaced by the replacement, expanded with the match's groups."""
    run = compile_text(replacement, ctx.scope.locked)
    mark = type(subject) is Untainted
    scope = ctx.scope
    saved = scope.numeric

    def make(found: Any) -> str:
        groups = found.all_groups()
        scope.numeric = tuple(map(Untainted, groups)) if mark else tuple(groups)
        return run(ctx)

    try:
        result: str | None = regex.replaced(subject, "", make)
    finally:
        scope.numeric = saved
    return result


SG = SgItem()
