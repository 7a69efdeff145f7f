"""Volumes as eximstats writes them: `9999`, `10KB`, `9766KB`, `10MB`, `1024MB`, `10GB`."""

from __future__ import annotations

import re

_GIG = 1 << 30
_UNITS = {"": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": _GIG}


def _split(volume: int) -> tuple[int, int]:
    """Whole gigabytes and the rest; the rest of a sum may be a whole one."""
    gigs = max(0, (volume - 1) // _GIG)
    return gigs, volume - gigs * _GIG


def show(volume: int) -> str:
    """A sum of sizes, rounded; six characters or more."""
    return _show(*_split(volume))


def _show(gigs: int, rest: float) -> str:
    if gigs >= 10:
        return f"{gigs + int((rest + _GIG / 2) / _GIG):4}GB"
    if gigs:
        return f"{gigs * 1024 + int((rest + 524288) / 1048576):4}MB"
    if rest < 10_000:
        return f"{int(rest):6}"
    if rest < 10_000_000:
        return f"{int((rest + 512) / 1024):4}KB"
    return f"{int((rest + 524288) / 1048576):4}MB"


def average(shown: str, count: int) -> str:
    """The average of `count` messages of a volume that is shown as `shown`: no better than that, and of gigabytes
    only whole ones."""
    if not count:
        return "     0"
    gigs, rest = divmod(read(shown), _GIG)
    return _show(gigs // count, rest / count)


def read(shown: str) -> int:
    """The bytes of a volume that was shown. Raises ValueError."""
    found = re.fullmatch(r"\s*(\d+)([KMG]B|)\s*", shown)
    if found is None:
        raise ValueError(shown)
    return int(found[1]) * _UNITS[found[2]]
