"""What tells a filter from a list of addresses: its first line (filter document 2.1, 3.1)."""

from __future__ import annotations

_EXIM = "exim"
_SIEVE = "sieve"


def filter_kind(text: str) -> str:
    """`exim`, `sieve`, or empty for neither. White space is optional and case does not count."""
    start = text[:256].lstrip(" \t\r\n\f\v")
    if not start.startswith("#"):
        return ""
    words = start[1:].partition("\n")[0].lower().lstrip(" \t")
    for kind in (_EXIM, _SIEVE):
        if words.startswith(kind):
            rest = words[len(kind) :]
            if rest.startswith((" ", "\t")) and rest.lstrip(" \t").startswith("filter"):
                return kind
    return ""
