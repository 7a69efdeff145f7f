"""Escaping for logs and messages: non-printing characters as backslash sequences."""

from __future__ import annotations

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v"}


def _table(*, tab: bool) -> dict[int, str]:
    table: dict[int, str] = {}
    for code in [*range(32), *range(127, 256)]:
        char = chr(code)
        if char == "\t" and tab:
            continue
        table[code] = _SHORT.get(char) or f"\\{code:03o}"
    return table


_PRINTING = _table(tab=True)


def printing(text: str) -> str:
    """`text` with non-printing and 8-bit characters escaped; tabs stay."""
    return text if text.isascii() and text.isprintable() else text.translate(_PRINTING)
