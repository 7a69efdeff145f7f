"""Where a piece of configuration stands: file, line, column."""

from __future__ import annotations

from eximia.base.namedtuple import NamedTuple


class Span(NamedTuple):
    """A place in a configuration file. `line` and `column` count from 1; column 0 means the whole line.

    A line of 0 means that the text does not come from a file (command line, built-in text).
    """

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file} {self.line}" if self.line else self.file


NOWHERE = Span("", 0)
