"""`headerwrap_COLS_LIMIT`: folds a header at white space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context

_COLUMNS, _LIMIT = 80, 998


def wrap(text: str, columns: int, limit: int) -> str:
    """Lines no longer than `columns` where a space allows it, joined by newline and tab, `limit` bytes in all.

    Lines that are folded already are kept; the tab counts as one column.
    """
    lines: list[str] = []
    for line in text[:limit].split("\n"):
        rest = line
        while len(rest) > columns:
            cut = rest.rfind(" ", 1, columns + 1)
            if cut < 0:
                cut = rest.find(" ", columns)
            if cut < 0:
                break
            lines.append(rest[:cut])
            rest = "\t" + rest[cut + 1 :].lstrip(" ")
        lines.append(rest)
    return "\n".join(lines)[:limit]


def _headerwrap(ctx: Context, subject: str, argument: str | None) -> str:
    columns, limit = _COLUMNS, _LIMIT
    if argument:
        first, _, second = argument.partition("_")
        if not all(not part or (part.isdigit() and part.isascii()) for part in (first, second)):
            raise ExpansionError(f'non-digit after underscore in "headerwrap_{argument}"')
        columns = int(first[:9] or _COLUMNS)
        limit = int(second[:9] or _LIMIT)
    return wrap(subject, max(columns, 1), limit)


HEADERWRAP = Operator(_headerwrap)
