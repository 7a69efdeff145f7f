"""exiqsumm: a line for each domain that mail waits for, from the output of `exim -bp` (manual 54.3)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence

from eximia.base.dataclass import dataclass

from .common import write

_FIRST = re.compile(r"\s*(-?\d+[mhd])\s+([\d.]+[KM]?)\s+\S+\s+<(.*?)>(?:\s+\(.*?\))?(.*)")
_UNITS = {"m": 60, "h": 3600, "d": 86400}


@dataclass(slots=True)
class _Line:
    count: int = 0
    volume: float = 0.0
    oldest: str = ""
    newest: str = ""

    @classmethod
    def of_nothing(cls) -> _Line:
        """What exiqsumm shows when there is no message."""
        return cls(oldest="0m", newest="0000d")

    def add(self, volume: float, age: str) -> None:
        self.count += 1
        self.volume += volume
        if not self.oldest or _seconds(age) > _seconds(self.oldest):
            self.oldest = age
        if not self.newest or _seconds(age) < _seconds(self.newest):
            self.newest = age

    def show(self, name: str) -> str:
        return f"{self.count:5d}{_volume(self.volume):>8}{self.oldest:>8}{self.newest:>8}  {name}\n"


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; reads standard input."""
    flags = {letter for word in words if word.startswith("-") for letter in word[1:]}
    lines = (raw.decode("latin-1").rstrip("\n") for raw in sys.stdin.buffer)
    write(summary(lines, flags))
    return 0


def summary(listing: Iterable[str], flags: set[str]) -> str:
    """The table for a listing. `flags`: a, c (order), b, f, s (split by bounces, frozen, sender's domain)."""
    domains: dict[str, _Line] = {}
    total = _Line()
    age, volume, prefix, suffix = "", 0.0, "", ""
    for line in listing:
        first = _FIRST.match(line)
        if first is not None:
            age, size, sender, rest = first.groups()
            volume = _bytes(size)
            prefix = f"{sender.rpartition('@')[2].lower() or '<>'} > " if "s" in flags else ""
            suffix = " (b)" if "b" in flags and not sender else ""
            suffix += " (f)" if "f" in flags and "frozen" in rest else ""
            continue
        address = line.strip()
        if not address or "@" not in address or address.startswith(("D ", "+D ")):
            continue
        name = f"{prefix}{address.rpartition('@')[2].lower()}{suffix}"
        domains.setdefault(name, _Line()).add(volume, age)
        total.add(volume, age)
    if not total.count:
        total = _Line.of_nothing()
    order = sorted(domains.items())
    if "c" in flags:
        order.sort(key=lambda item: (-item[1].count, -item[1].volume if "a" not in flags else 0, item[0]))
    elif "a" in flags:
        order.sort(key=lambda item: (-_seconds(item[1].oldest), -item[1].count, item[0]))
    head = "\nCount  Volume  Oldest  Newest  Domain\n-----  ------  ------  ------  ------\n\n"
    body = "".join(line.show(name) for name, line in order)
    return f"{head}{body}{'-' * 63}\n{total.show('TOTAL')}\n"


def _seconds(age: str) -> int:
    return int(age[:-1]) * _UNITS[age[-1]]


def _bytes(size: str) -> float:
    if size.endswith("M"):
        return float(size[:-1]) * 1024 * 1024
    if size.endswith("K"):
        return float(size[:-1]) * 1024
    return float(size)


def _volume(size: float) -> str:
    if size < 10000:
        return str(int(size))
    if size < 10000 * 1024:
        return f"{int(size / 1024 + 0.5)}KB"
    return f"{int(size / (1024 * 1024) + 0.5)}MB"
