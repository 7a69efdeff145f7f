"""What can be said of a string without expanding it: for the checker, for reports and for error texts.

Nothing here is used while mail is handled, but `tainted_names`, when a message is being written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted

from .headers import HeaderReference
from .nodes import Broken, Node, Sequence
from .parser import parse
from .variables.reference import Captured, VariableReference

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a string that would fail. `start` and `end` are offsets in the string; `text` is the part."""

    message: str
    start: int
    end: int
    text: str


def problems(text: str) -> list[Problem]:
    """What is wrong with the brackets and names of a string, in reading order. Empty for a good one."""
    found: list[Problem] = []
    for node in parse(text).walk():
        if isinstance(node, Broken):
            if node.message:
                found.append(Problem(node.message, node.start, node.end, node.text))
        elif getattr(node, "trouble", None):
            found.append(Problem(str(getattr(node, "trouble", "")), node.start, node.end, node.text))
    return found


def variables(text: str) -> list[str]:
    """The variables a string uses, each once, in reading order; headers as `h_name:`."""
    return list(dict.fromkeys(_names(parse(text))))


def _names(node: Node) -> Iterator[str]:
    for part in node.walk():
        name = _name(part)
        if name:
            yield name


def _name(node: Node) -> str:
    if isinstance(node, VariableReference):
        return node.name
    if isinstance(node, HeaderReference):
        return f"{node.form}h_{node.name}:"
    if isinstance(node, Captured):
        return str(node.number)
    return ""


def tainted_names(ctx: Context, nodes: Iterable[Node]) -> list[str]:
    """Which variables below `nodes` have a tainted value now, with their dollars."""
    found: list[str] = []
    for node in nodes:
        for part in node.walk():
            name = _name(part)
            if not name:
                continue
            try:
                value = part.compile()(ctx)
            except ExpansionError:
                continue
            if value and type(value) is not Untainted:
                found.append(f"${name}")
    return list(dict.fromkeys(found))


def printed(node: Node) -> str:
    """The source of a parsed string, put together from its parts."""
    if not isinstance(node, Sequence) or not node.parts:
        return node.text
    return "".join(part.text for part in node.parts)
