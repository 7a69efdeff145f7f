"""`${sg{subject}{regex}{replacement}}`: every match replaced; the replacement is expanded once more for each, with
`$0`, `$1`... set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.text import Untainted
from eximia.expand.engine import compile_text
from eximia.expand.items.function import arguments
from eximia.expand.nodes import ArgumentsNode, Node, Run, gathering
from eximia.expand.parser import Parser
from eximia.expand.sinks import refuse_tainted

if TYPE_CHECKING:
    from eximia.context import Context


class SgItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        return SgNode(arguments(parser, name, 3, 3))


class SgNode(ArgumentsNode):
    """A use of the item."""

    __slots__ = ()

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
    """Every match replaced by the replacement, expanded with the groups of the match. Raises TaintError when it may
    come from outside."""
    run = compile_text(replacement, ctx.scope.locked)
    mark = type(subject) is Untainted
    scope = ctx.scope
    saved = scope.numeric

    def make(found: Any) -> str:
        refuse_tainted(ctx, replacement, "expansion")
        groups = found.all_groups()
        scope.numeric = tuple(map(Untainted, groups)) if mark else tuple(groups)
        return run(ctx)

    try:
        result: str | None = regex.replaced(subject, "", make)
    finally:
        scope.numeric = saved
    return result


SG = SgItem()
