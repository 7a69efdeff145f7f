"""Sizes and counts in options that are expanded when they are used (manual 6.13)."""

from __future__ import annotations

from eximia.base.errors import ExpansionError

_UNITS = {"K": 1024, "M": 1024 * 1024, "G": 1024 * 1024 * 1024}


class NotNumber(ExpansionError):
    """The option could be expanded, but not to a number."""


def read_integer(text: str, option: str) -> int:
    """`50M` -> its number of bytes. Raises NotNumber."""
    if not text:
        return 0
    unit = _UNITS.get(text[-1].upper(), 1)
    digits = text[:-1] if unit > 1 else text
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-").strip()
    try:
        return sign * int(digits, 16 if digits[:2].lower() == "0x" else 10) * unit
    except ValueError:
        raise NotNumber(f'integer expected but "{text}" found') from None
