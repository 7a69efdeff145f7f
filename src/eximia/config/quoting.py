"""Strings in double quotes (manual 6.17)."""

from __future__ import annotations

from eximia.base.errors import ConfigError
from eximia.base.span import Span

from .lines import BLANK

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}
_HEX = frozenset("0123456789abcdefABCDEF")


def read_string(text: str, name: str, span: Span) -> str:
    """The value of a string option: all of `text`, or what is between its quotes. Raises ConfigError."""
    if not text.startswith('"'):
        return text
    value, end = unquote(text)
    if end < 0:
        raise ConfigError(f"missing quote at end of string value for {name}", span)
    if text[end:].strip(BLANK):
        raise ConfigError(f"extra characters follow string value for {name}", span)
    return value


def unquote(text: str) -> tuple[str, int]:
    """The value of the quoted string at the start of `text`, and where the text goes on; -1 when the closing
    quote is missing."""
    if "\\" not in text:
        end = text.find('"', 1)
        return text[1:end], end + 1 if end > 0 else -1
    out: list[str] = []
    at = 1
    size = len(text)
    while at < size:
        char = text[at]
        at += 1
        if char == '"':
            return "".join(out), at
        if char != "\\" or at >= size:
            out.append(char)
            continue
        char = text[at]
        at += 1
        if "0" <= char <= "7":
            first = at - 1
            while at < size and at < first + 3 and "0" <= text[at] <= "7":
                at += 1
            out.append(chr(int(text[first:at], 8) & 255))
        elif char == "x":
            first = at
            while at < size and at < first + 2 and text[at] in _HEX:
                at += 1
            out.append(chr(int(text[first:at] or "0", 16)))
        else:
            out.append(_ESCAPES.get(char, char))
    return "".join(out), -1
