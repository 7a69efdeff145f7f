"""Comparators and match types (RFC 5228 2.7, RFC 4790)."""

from __future__ import annotations

import re
from functools import lru_cache

OCTET = "i;octet"
CASEMAP = "i;ascii-casemap"
ENGLISH_CASEMAP = "en;ascii-casemap"
NUMERIC = "i;ascii-numeric"
COMPARATORS = (OCTET, CASEMAP, ENGLISH_CASEMAP, NUMERIC)

_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _leading_number(text: str) -> str | None:
    """The digits a text begins with, without leading zeros; None (more than every number) when there are none."""
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    return (digits.lstrip("0") or "0") if digits else None


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    """A `:matches` pattern: `*` any text, `?` one character, a backslash takes their meaning away."""
    out: list[str] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        at += 1
        if char == "\\" and at < len(glob):
            out.append(re.escape(glob[at]))
            at += 1
        elif char == "*":
            if not out or out[-1] != ".*?":
                out.append(".*?")
        elif char == "?":
            out.append(".")
        else:
            out.append(re.escape(char))
    return re.compile("".join(out) + r"\Z", re.DOTALL)


def matches(wanted: str, text: str, comparator: str, match_type: str) -> bool:
    """Does `text` match `wanted` (`is`, `contains`, `matches`) under a comparator?"""
    if comparator == NUMERIC:
        return _leading_number(wanted) == _leading_number(text)
    if comparator != OCTET:
        wanted, text = wanted.translate(_UPPER), text.translate(_UPPER)
    if match_type == "is":
        return wanted == text
    if match_type == "contains":
        return wanted in text
    return _pattern(wanted).match(text) is not None
