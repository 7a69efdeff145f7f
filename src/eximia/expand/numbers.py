"""Numbers, truth values and times as Exim reads them in strings (manual chapters 6.13, 6.16, 11.6, 11.7)."""

from __future__ import annotations

from eximia.base.errors import ExpansionError
from eximia.base.pattern import pattern

MAX64 = (1 << 63) - 1
_MASK = (1 << 64) - 1
BLANK = " \t\n\r\v\f"
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_INTEGER = pattern(r"([+-]?[0-9]+)")
_TIME = pattern(r"([0-9]+)([wdhms])")
_SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


def whole(text: str) -> int:
    """The number that decimal digits, perhaps with a sign, stand for. Endless rows of digits, which cannot be meant,
    count as a number that overflows everything."""
    if len(text) < 40:
        return int(text)
    digits = text.lstrip("+-").lstrip("0")
    value = int(digits[:40] or "0")
    return -value if text[0] == "-" else value


def wrap64(value: int) -> int:
    """`value` as a signed 64-bit number, as the processor would keep it."""
    value &= _MASK
    return value - (1 << 64) if value > MAX64 else value


def wrap32(value: int) -> int:
    """`value` as a signed 32-bit number."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value > 0x7FFFFFFF else value


def clamped32(value: int) -> int:
    """`value` read as a 64-bit number that stops at its limits, then kept in 32 bits, as Exim does it."""
    return wrap32(max(-MAX64 - 1, min(MAX64, value)))


def integer(text: str, *, positive: bool = False) -> int:
    """A number in a numeric comparison: sign, digits, perhaps K, M or G; an empty string is zero.

    Raises ExpansionError in Exim's words.
    """
    if not text:
        return 0
    return strict_integer(text, positive=positive)


def strict_integer(text: str, *, positive: bool = False) -> int:
    """Like `integer`, but an empty string is wrong; white space alone is zero."""
    try:
        # the common case: digits only, far from overflow
        if len(text) < 19 and text.isdigit() and text.isascii():
            return int(text)
    except ValueError:
        pass
    if text and not text.strip(BLANK):
        return 0
    text = text.lstrip(BLANK)
    match = _INTEGER.match(text)
    if match is None:
        raise ExpansionError(f'integer expected but "{text}" found')
    value = whole(match[1])
    if positive and value < 0:
        raise ExpansionError(f'non-negative integer expected but "{text}" found')
    end = match.end()
    if not -MAX64 - 1 <= value <= MAX64:
        raise ExpansionError(f'absolute value of integer "{text}" is too large (overflow)')
    unit = _UNITS.get(text[end : end + 1].upper())
    if unit is not None:
        end += 1
        value *= unit
        if not -MAX64 - 1 <= value <= MAX64:
            raise ExpansionError(f'absolute value of integer "{text}" is too large (overflow)')
    if text[end:].strip(" \t\n\r\v\f"):
        raise ExpansionError(f'invalid integer "{text}"')
    return value


def seconds(text: str) -> int | None:
    """An Exim time interval (`2d4h5m`) in seconds; None when it is not one."""
    pos = total = 0
    while pos < len(text):
        match = _TIME.match(text, pos)
        if match is None:
            return None
        total += whole(match[1]) * _SECONDS[match[2]]
        pos = match.end()
    return total if pos else None


def interval(total: int) -> str:
    """Seconds in Exim's time format: 187500 becomes `2d4h5m`."""
    if total == 0:
        return "0s"
    parts: list[str] = []
    for unit, size in _SECONDS.items():
        count, total = divmod(total, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def truth(text: str) -> bool:
    """The condition `bool`. Raises ExpansionError for what is neither a word nor a number."""
    word = text.strip(" \t\n\r\v\f")
    lowered = word.lower()
    if lowered in ("true", "yes"):
        return True
    if lowered in ("", "false", "no"):
        return False
    digits = word[1:] if word[:1] == "-" else word
    if digits.isdigit() and digits.isascii():
        return digits.strip("0") != ""
    raise ExpansionError(f'unrecognised boolean value "{word}"')


def lax_truth(text: str) -> bool:
    """The condition `bool_lax`, and a router's `condition`: everything is true but empty, 0, no and false."""
    return text.strip(" \t\n\r\v\f").lower() not in ("", "0", "no", "false")
