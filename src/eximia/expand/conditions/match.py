"""`match{subject}{regex}`: sets `$0`, `$1`... when it is true, if anything can read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.text import Untainted
from eximia.expand.conditions.reading import two_strings
from eximia.expand.conditions.simple import TwoStrings, TwoStringsNode
from eximia.expand.nodes import Condition, Node, Test
from eximia.expand.parser import Parser
from eximia.expand.variables.reference import Captured

if TYPE_CHECKING:
    from eximia.context import Context

#: items and operators that expand strings which are not known yet: these may use `$1`
_UNKNOWN = frozenset(("acl", "expand", "perl", "run"))


def _match(ctx: Context, subject: str, pattern: str) -> bool:
    found = ctx.process.services.regexes.search(pattern, subject)
    if found is None:
        return False
    groups = found.all_groups()
    ctx.scope.numeric = tuple(map(Untainted, groups)) if type(subject) is Untainted else tuple(groups)
    return True


def _only_match(ctx: Context, subject: str, pattern: str) -> bool:
    return ctx.process.services.regexes.search(pattern, subject) is not None


_CAPTURING, _PLAIN = TwoStrings(_match, sets=True), TwoStrings(_only_match)


class MatchCondition:
    """Reads the condition."""

    def parse(self, parser: Parser, name: str) -> Condition:
        first, second = two_strings(parser, name)
        return MatchNode(_CAPTURING, first, second)


class MatchNode(TwoStringsNode):
    """A match. `plain` makes it one that captures nothing."""

    __slots__ = ()

    def plain(self) -> None:
        self.kind = _PLAIN

    def test(self) -> Test:
        pattern = self.second.constant()
        if pattern is None or self.kind is not _PLAIN:
            return super().test()
        first, fixed = self.first.compile(), pattern
        matches: Callable[[str], bool] | None = None

        def run(ctx: Context) -> bool:
            nonlocal matches
            subject = first(ctx)
            if matches is None:
                matches = ctx.process.services.regexes.compile(fixed).matches
            return matches(subject)

        return run


def without_captures(item: Node) -> None:
    """Make the matches inside `item`, outside of which they are not seen, plain ones when nothing inside reads what
    they capture."""
    matches: list[MatchNode] = []
    for node in item.walk():
        if isinstance(node, MatchNode):
            matches.append(node)
        elif isinstance(node, Captured) or getattr(node, "name", "") in _UNKNOWN or getattr(node, "sets_value", False):
            return
        elif isinstance(node, TwoStringsNode) and node.kind.literal:
            # What a list's items need is not known here.
            return
    for match in matches:
        match.plain()


MATCH = MatchCondition()
