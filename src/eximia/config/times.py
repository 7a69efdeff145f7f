"""Time intervals as they are written and printed (manual 6.16)."""

from __future__ import annotations

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_ORDER = (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def read_time(text: str) -> int | None:
    """Seconds of an interval such as `3h50m`; None when it is none."""
    total = 0
    digits = ""
    for char in text:
        if "0" <= char <= "9":
            digits += char
        elif digits and char in _UNITS:
            total += int(digits) * _UNITS[char]
            digits = ""
        else:
            return None
    return None if digits or not text else total


def show_time(seconds: int) -> str:
    """An interval as `-bP` prints it."""
    if seconds == 0:
        return "0s"
    out = "-" if seconds < 0 else ""
    rest = abs(seconds)
    for unit, size in _ORDER:
        count, rest = divmod(rest, size)
        if count:
            out += f"{count}{unit}"
    return out
