"""Showing text in logs so that nothing in it can break a line or a terminal.

The visible form is Exim's: control characters and DEL as a backslash and a letter or three octal digits, bytes above
127 as octal unless `print_topbitchars` is set. A tab stays a tab.
"""

from __future__ import annotations


def _table(*, topbit: bool) -> dict[int, str]:
    table: dict[int, str] = {}
    for code in range(256):
        if code < 32 or code == 127 or (code > 127 and not topbit):
            table[code] = f"\\{code:03o}"
    del table[9]
    table[8] = "\\b"
    table[10] = "\\n"
    table[11] = "\\v"
    table[12] = "\\f"
    table[13] = "\\r"
    return table


_PLAIN = _table(topbit=False)
_TOPBIT = _table(topbit=True)
_QUOTED = {**_PLAIN, 34: '\\"', 92: "\\\\"}
_QUOTED_TOPBIT = {**_TOPBIT, 34: '\\"', 92: "\\\\"}


def printing(text: str, *, topbit: bool = False) -> str:
    """`text` with unprintable characters made visible. `topbit`: bytes above 127 stay (`print_topbitchars`)."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_TOPBIT if topbit else _PLAIN)


def quoted(text: str, *, topbit: bool = False) -> str:
    """As `printing`, between double quotes, with quotes and backslashes escaped: the form of T= and DN=."""
    return f'"{text.translate(_QUOTED_TOPBIT if topbit else _QUOTED)}"'
