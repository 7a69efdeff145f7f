"""What `filter`, `map`, `reduce` and `sort` share: strings in brackets with their own messages, and `$item`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted
from eximia.expand.listing import split_list
from eximia.expand.nodes import Node, Sequence, Skipped
from eximia.expand.parser import Parser, Trouble

if TYPE_CHECKING:
    from eximia.context import Context


def wanted(parser: Parser, name: str, what: str) -> Sequence:
    """A string in brackets, the `what` ("first", "last") one of item `name`."""
    if not parser.accept("{"):
        raise parser.trouble(f"missing '{{' for {what} arg of {name}")
    return parser.braced()


def body(parser: Parser, name: str) -> Sequence:
    """The string that is expanded for each item."""
    mark = len(parser.done)
    try:
        return wanted(parser, name, "last")
    except Trouble as trouble:
        if trouble.message is None:
            parser.done[mark:] = [Skipped(parser.done[mark:], f' inside "{name}" item')]
        raise


def skip_inside(name: str, part: Node) -> str | None:
    """What skipping over the string of item `name` finds: Exim skips it first to see where it ends."""
    error = part.skip_error()
    return None if error is None else f'{error} inside "{name}" item'


def finish(parser: Parser, name: str) -> None:
    """The closing bracket of the item."""
    if not parser.accept("}"):
        # The string for each item has only been skipped until here.
        if not isinstance(parser.done[-1], Skipped):
            parser.done[-1:] = [Skipped(parser.done[-1:], f' inside "{name}" item')]
        raise Trouble(f'missing }} at end of "{name}"')


def listed(text: str) -> tuple[str, list[str]]:
    """The separator and the items of a list, the items with the mark of the list."""
    char, items = split_list(text)
    return char, [Untainted(item) for item in items] if type(text) is Untainted else items


def source(node: Sequence) -> Callable[[Context], tuple[str, str, list[str]]]:
    """The closure that gives the text of a list, its separator and its items. A constant list is cut only once; the
    items must not be changed."""
    constant = node.constant()
    if constant is not None:
        known = (constant, *listed(constant))
        return lambda ctx: known
    run = node.compile()

    def cut(ctx: Context) -> tuple[str, str, list[str]]:
        text = run(ctx)
        char, items = split_list(text)
        return text, char, [Untainted(item) for item in items] if type(text) is Untainted else items

    return cut


def inside(name: str, failure: ExpansionError) -> ExpansionError:
    """`failure`, which happened while `$item` was set, with the item's name."""
    return type(failure)(f'{failure.message} inside "{name}" item', failure.span)
