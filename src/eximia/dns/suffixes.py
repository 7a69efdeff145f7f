"""Public suffixes: under which names domains are registered (publicsuffix.org).

A list is a text file: one rule a line, `*.` for any label, `!` for exceptions, in UTF-8. Domains may be in A-labels or
U-labels; what comes back is in the form in which it was asked.
"""

from __future__ import annotations

import os
from functools import cache

from eximia.base.text import to_bytes


def _ulabel(label: str) -> str:
    """A label as Unicode text in lower case."""
    lowered = label.lower()
    if lowered.startswith("xn--"):
        try:
            return lowered[4:].encode("ascii").decode("punycode").lower()
        except (UnicodeError, ValueError):
            return lowered
    return lowered


class SuffixList:
    """The rules of a file."""

    __slots__ = ("_exceptions", "_rules")

    def __init__(self, path: str) -> None:
        """Raises OSError."""
        self._rules: set[str] = set()
        self._exceptions: set[str] = set()
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.split()
                if not words or words[0].startswith("//"):
                    continue
                rule = words[0]
                target = self._rules
                if rule.startswith("!"):
                    rule = rule[1:]
                    target = self._exceptions
                target.add(".".join(_ulabel(label) for label in rule.strip(".").split(".")))

    def suffix_length(self, labels: list[str]) -> int:
        """How many labels at the end are the public suffix; the rule for unlisted domains is `*`."""
        best = 1
        for start in range(len(labels)):
            length = len(labels) - start
            name = ".".join(labels[start:])
            if name in self._exceptions:
                return length - 1
            wild = ".".join(["*", *labels[start + 1 :]])
            if length > best and (name in self._rules or wild in self._rules):
                best = length
        return best

    def tail(self, domain: str, extra: int) -> str | None:
        """The public suffix of a domain with `extra` more labels; None when it has not so many."""
        own = domain.removesuffix(".").split(".")
        if not all(own):
            return None
        labels = [_ulabel(label) for label in to_bytes(".".join(own)).decode("utf-8", "replace").split(".")]
        wanted = self.suffix_length(labels) + extra
        return ".".join(own[len(own) - wanted :]) if wanted <= len(own) else None

    def registrable(self, domain: str) -> str | None:
        """The domain that was registered: one label more than the public suffix."""
        found = self.tail(domain, 1)
        return None if found is None else to_bytes(found).lower().decode("latin-1")


@cache
def installed_list() -> SuffixList:
    """The list that comes with the installed library. Raises OSError."""
    from publicsuffixlist import PSLFILE

    return SuffixList(os.fspath(PSLFILE))
