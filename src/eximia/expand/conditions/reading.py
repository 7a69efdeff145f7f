"""Reads one condition: negations, its name, its strings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from eximia.expand import locks
from eximia.expand.nodes import Condition, Inside, Node, Sequence, Skipped, Test
from eximia.expand.parser import Parser, Trouble

if TYPE_CHECKING:
    from eximia.context import Context


#: longer names are cut in messages
LONGEST_NAME = 255


class ConditionKind(Protocol):
    """What the catalogue of conditions holds."""

    def parse(self, parser: Parser, name: str) -> Condition:
        """Read the condition; the cursor is behind its name. Raises Trouble."""


class Negation(Condition):
    """`!condition`."""

    __slots__ = ("inner",)

    def __init__(self, inner: Condition) -> None:
        self.inner = inner

    @property
    def scoped(self) -> bool:  # type: ignore[override]
        return self.inner.scoped

    def children(self) -> Iterator[Node]:
        yield self.inner

    def skip_error(self) -> str | None:
        return self.inner.skip_error()

    def test(self) -> Test:
        test = self.inner.test()

        def negated(ctx: Context) -> bool:
            return not test(ctx)

        return negated


def read_condition(parser: Parser) -> Condition:
    """The condition at the cursor. Raises Trouble."""
    from eximia.expand.conditions.catalogue import CONDITIONS

    start = parser.pos
    negated = False
    while parser.skip_space() == "!":
        parser.pos += 1
        negated = not negated
    name = parser.keyword("")[:LONGEST_NAME] or _symbol(parser)
    if not name:
        raise Trouble(f'condition name expected, but found "{parser.rest[:16]}"')
    kind = CONDITIONS.get(name)
    if kind is None:
        raise Trouble(f'unknown condition "{name}"')
    if parser.locked:
        parser.refuse_locked(locks.CONDITIONS, name)
    condition = kind.parse(parser, name)
    condition.at(parser.source, start, parser.pos)
    if not negated:
        return condition
    negation = Negation(condition)
    negation.at(parser.source, start, parser.pos)
    return negation


def _symbol(parser: Parser) -> str:
    """`=`, `==`, `<`, `<=`, `>`, `>=`."""
    text = parser.source[parser.pos : parser.pos + 2]
    if text[:1] not in ("=", "<", ">") or not text:
        return ""
    symbol = text if text[1:] == "=" else text[:1]
    parser.pos += len(symbol)
    return symbol


def inner_condition(parser: Parser, suffix: str, *, repeated: bool = False) -> Condition:
    """A condition inside an item or condition, whose name `suffix` tells when something is wrong in it.
    `repeated`: it is skipped first, to find its end, and then evaluated for each item of a list."""
    mark = len(parser.done)
    kind = Skipped if repeated else Inside
    try:
        condition = read_condition(parser)
    except Trouble as trouble:
        parser.done[mark:] = [kind(parser.done[mark:], suffix)]
        if trouble.message is None:
            raise
        raise Trouble(trouble.message + suffix) from None
    parser.done[mark:] = [kind([condition], suffix)]
    return condition


def one_string(parser: Parser, name: str) -> Sequence:
    """The only string of a condition."""
    if not parser.accept("{"):
        raise Trouble(f'missing {{ after "{name}"')
    return parser.braced()


def two_strings(parser: Parser, name: str, *, second_dollar: bool = True) -> tuple[Sequence, Sequence]:
    """The two strings of a comparison."""
    first = one_string(parser, name)
    if not parser.accept("{"):
        raise Trouble(f'missing 2nd string in {{}} after "{name}"')
    return first, parser.braced(dollar=second_dollar)


def wrapped_strings(parser: Parser, name: str, least: int, most: int) -> list[Sequence]:
    """Strings in an outer pair of brackets: `{{a}{b}}`."""
    if not parser.accept("{"):
        raise Trouble(f'missing {{ after "{name}"')
    found = plain_strings(parser, name, least, most)
    if not parser.accept("}"):
        raise Trouble(f"too few arguments or bracketing error for {name}")
    return found


def plain_strings(parser: Parser, name: str, least: int, most: int) -> list[Sequence]:
    """`least` to `most` strings."""
    found: list[Sequence] = []
    while len(found) < most and parser.accept("{"):
        found.append(parser.braced())
    if len(found) < least:
        raise Trouble(f"too few arguments or bracketing error for {name}")
    return found
