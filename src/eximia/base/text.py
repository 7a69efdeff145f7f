"""Text and its taint.

All text is `str` that holds bytes as latin-1, so that any byte passes through unchanged.

Taint is fail-safe: **a plain `str` counts as tainted**. Only text of the class `Untainted` may become a file
name, a command or an unquoted query. Python's own string methods return plain `str`, so code that forgets about
taint loses the mark and the use is refused; it can never gain it. Literals of the configuration and results that
the manual declares untainted (chapter 9.3, 10.?, 11.?) are made `Untainted` in the place that knows why.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Self


class Untainted(str):
    """Text that did not come from outside, or was looked up in a place the postmaster trusts."""

    __slots__ = ()


class Quoted(str):
    """Tainted text that was quoted for one lookup type with `${quote_<type>:...}`."""

    __slots__ = ("quoter",)

    quoter: str

    def __new__(cls, text: str, quoter: str) -> Self:
        self = str.__new__(cls, text)
        self.quoter = quoter
        return self


EMPTY = Untainted("")


def is_tainted(text: str) -> bool:
    """True when `text` may have come from outside."""
    return type(text) is not Untainted


def like(result: str, *sources: str) -> str:
    """Give `result` the mark `Untainted` when every one of `sources` has it."""
    for source in sources:
        if type(source) is not Untainted:
            return result
    return Untainted(result)


def marked(text: str, source: str) -> str:
    """`text`, a piece of `source`, with the mark that `source` has."""
    kind = type(source)
    if kind is Untainted:
        return Untainted(text)
    if kind is Quoted:
        return Quoted(text, source.quoter)  # type: ignore[attr-defined]
    return text


def tainted_join(joined: str, values: Iterable[str]) -> str:
    """`joined` of `values`, some of which are tainted: Quoted when all of those were quoted for the same type."""
    quoter = ""
    for value in values:
        if type(value) is Untainted or not value:
            continue
        if not isinstance(value, Quoted) or quoter not in ("", value.quoter):
            return joined
        quoter = value.quoter
    return Quoted(joined, quoter) if quoter else joined


_LOWER = {code: code + 32 for code in range(65, 91)}


def lower(text: str) -> str:
    """ASCII letters in lower case, other bytes unchanged: `str.lower` would break UTF-8."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def to_bytes(text: str) -> bytes:
    """The bytes that `text` stands for. Characters above U+00FF (only from our own bugs) become UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")


def system_name(text: str) -> str:
    """The name of a file as calls of `os` take it: characters, which they write as UTF-8."""
    return text if text.isascii() else os.fsdecode(to_bytes(text))


def name_text(name: str) -> str:
    """The other way: the program's text for the name of a file as `os` gives it. Tainted."""
    return from_bytes(os.fsencode(name))


def from_bytes(data: bytes | bytearray | memoryview) -> str:
    """Tainted text that stands for `data`."""
    return str(data, "latin-1")
