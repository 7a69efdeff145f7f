"""`headerwrap_COLS_LIMIT`: folds a header at white space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context

_COLUMNS, _LIMIT = 80, 998


#: a space this near to the start of a line is no place to break it: a header's name would stand alone
_NAME = 10
_TAB = 8


def wrap(text: str, columns: int, limit: int) -> str:
    """Lines of at most `columns`, joined by newline and tab, which counts as eight.

    A line that is too long is broken at its last white space, which goes, or where there is none behind the first
    ten characters, at the column. Newlines of the text become such line ends. What follows a line that reaches
    `limit` is cut. `columns` 0 wraps nothing. As Exim 4.98 does.
    """
    if columns < 1:
        return text[:limit]
    made = ""
    rest = text
    width = columns
    while rest:
        cut = rest.find("\n", 0, width + 1)
        if cut >= 0:
            made += rest[:cut]
            rest = rest[cut + 1 :]
        elif len(rest) <= width:
            return made + rest
        else:
            cut = max(rest.rfind(" ", _NAME + 1, width + 1), rest.rfind("\t", _NAME + 1, width + 1))
            if cut < 0:
                made += rest[:width]
                rest = rest[width:]
            else:
                made += rest[:cut].rstrip(" \t") or rest[0]
                rest = rest[cut:].lstrip(" \t")
        if len(made) >= limit:
            return made[:limit]
        if rest:
            made += "\n\t"
            width = max(columns - _TAB, 1)
    return made


def _headerwrap(ctx: Context, subject: str, argument: str | None) -> str:
    columns, limit = _COLUMNS, _LIMIT
    if argument:
        first, _, second = argument.partition("_")
        if not all(not part or (part.isdigit() and part.isascii()) for part in (first, second)):
            raise ExpansionError(f'non-digit after underscore in "headerwrap_{argument}"')
        columns = int(first[:9] or _COLUMNS)
        limit = int(second[:9] or _LIMIT)
    return wrap(subject, columns, limit)


HEADERWRAP = Operator(_headerwrap)
