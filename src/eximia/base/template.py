"""Text of the configuration that is expanded (or read as a list) when it is used."""

from __future__ import annotations

from typing import Any

from .span import NOWHERE, Span
from .text import Untainted

#: begins a list that has one item, whatever the item is made of
ONE_ITEM = "<\x1f "


class Template:
    """An option's text with its place, and a slot for what its user made of it.

    `compiled` belongs to the layer that evaluates the text (`expand` keeps its closure there, `lists` its parsed
    list under `parsed`), so that work is done once a configuration and not once a message.
    `constant` is true when the text has neither `$` nor a backslash: its expansion is itself.
    """

    __slots__ = ("compiled", "constant", "parsed", "span", "text")

    def __init__(self, text: str, span: Span = NOWHERE) -> None:
        self.text = Untainted(text)
        self.span = span
        self.constant = "$" not in text and "\\" not in text
        self.compiled: Any = None
        self.parsed: Any = None

    def __repr__(self) -> str:
        return f"Template({self.text!r}, {self.span!s})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


def one_item(text: str, span: Span = NOWHERE) -> Template:
    """A list whose only item is `text`: no character of it separates."""
    return Template(ONE_ITEM + text, span)
