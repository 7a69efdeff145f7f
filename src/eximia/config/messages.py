"""What is wrong with a configuration, in words: Exim's for the start, and with place and hint for the checker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from eximia.base.errors import ConfigError
from eximia.base.span import Span

from .files import UnusableFile
from .lines import Line
from .macros import MacroError


def fatal_text(error: ConfigError) -> str:
    """What Exim says when it stops because of this error, without date or label."""
    if isinstance(error, UnusableFile):
        return error.message
    where = error.where
    if where is None:
        where = f"in line {error.span.line} of {error.span.file}" if error.span.line else ""
    return f"Exim configuration error{' ' + where if where else ''}:\n  {error.message}"


def logs_of(error: ConfigError) -> str:
    """How Exim marks the error in the copy of the log on the standard error."""
    if isinstance(error, UnusableFile):
        return "MAIN PANIC DIE"
    return "PANIC" if isinstance(error, MacroError) else "PANIC DIE"


def checker_text(error: ConfigError) -> str:
    """`FILE:LINE: message (hint)` on one line."""
    message = " ".join(error.message.split("\n")).replace("  ", " ")
    where = f"{error.span.file}:{error.span.line}: " if error.span.line else ""
    about = f" {error.where}" if error.where else ""
    hint = f" ({error.hint})" if error.hint else ""
    return f"{where}{message}{about}{hint}"


def merged(seen: Sequence[Line | str], found: Iterable[ConfigError], later: Iterable[ConfigError]) -> list[ConfigError]:
    """Two lists of errors as one, in the order in which Exim finds them. Each is in that order already."""
    place = _places(seen)
    result: list[ConfigError] = []
    waiting = list(found)
    for error in later:
        while waiting and place(waiting[0].span) <= place(error.found_at or error.span):
            result.append(waiting.pop(0))
        result.append(error)
    return result + waiting


def _places(seen: Sequence[Line | str]) -> Callable[[Span], int]:
    """How far in the reading a place is."""
    order: dict[str, list[tuple[int, int]]] = {}
    for index, line in enumerate(seen):
        if isinstance(line, Line):
            order.setdefault(line.span.file, []).append((line.span.line, index))

    def place(span: Span) -> int:
        last = -1
        for number, index in order.get(span.file, ()):
            if number > span.line:
                break
            last = index
        return last

    return place
