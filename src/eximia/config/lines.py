"""The two kinds of line of a configuration file, and how text is taken apart at its start.

Not here: reading files (`reader`), macros, what the lines mean (`sections`, `settings`).
"""

from __future__ import annotations

from eximia.base.namedtuple import NamedTuple
from eximia.base.span import Span

#: what the manual calls white space in configuration lines
BLANK = " \t\n\r\f\v"

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


class Line(NamedTuple):
    """A logical line: comments, conditions, inclusions and macros done, continuations joined.

    `span` names the last of its physical lines, as Exim's messages do.
    """

    text: str
    span: Span


def split_name(text: str, start: int = 0) -> tuple[str, int]:
    """The letters, digits and underscores at `start` (maybe none), and where the next non-blank begins."""
    end = start
    size = len(text)
    while end < size and text[end] in _NAME:
        end += 1
    name = text[start:end]
    while end < size and text[end] in BLANK:
        end += 1
    return name, end
