"""Values and comments of Authentication-Results: written so that nothing in them can end them (RFC 8601 section 2.2).

What takes a whole header apart is `mailauth.authres`.
"""

from __future__ import annotations

#: characters of a MIME token (RFC 2045 section 5.1)
TOKEN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`{|}~")
#: characters of an address without quotes; some are no token
_LOCAL_PART = TOKEN | frozenset("=/?")
#: characters of other values that everybody writes and reads without quotes: IP addresses, base 64
_USUAL = TOKEN | frozenset("=/:")
#: Header lines end at the first line end, and no control character has business in one.
_CONTROLS = dict.fromkeys([*range(32), 127])
#: what is longer was made long on purpose
_LONGEST = 900


def clean(text: str) -> str:
    """`text` without control characters, and not too long."""
    return (text if text.isprintable() else text.translate(_CONTROLS))[:_LONGEST]


def _is_plain(char: str) -> bool:
    return char in TOKEN or char >= "\x80"


def value(text: str) -> str:
    """A `value`: a token, or a quoted string."""
    text = clean(text)
    if text and all(map(_is_plain, text)):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def pvalue(text: str) -> str:
    """A `pvalue`: as `value`, but addresses of mail and of hosts stay as they are, and base 64, as they are written
    by everybody."""
    local_part, at, domain = text.rpartition("@")
    if at and domain and all(map(_is_plain, domain)):
        if all(char in _LOCAL_PART or char >= "\x80" for char in local_part) and len(text) <= _LONGEST:
            return text
    if text and _USUAL.issuperset(text) and len(text) <= _LONGEST:
        return text
    return value(text)


def comment(text: str) -> str:
    """A comment with its parentheses."""
    text = clean(text).replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"({text})"
