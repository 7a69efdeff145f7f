"""`psl` and `regdom`: the public suffix of a domain, and its registered domain, in a public suffix list file.

The file has the form of publicsuffix.org: one rule a line, `*.` for any label, `!` for exceptions, in UTF-8. The
key may be in A-labels or U-labels; the result is in the form of the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import Untainted, to_bytes

from .kept import kept_file
from .types import Options, SingleKey

if TYPE_CHECKING:
    from eximia.context import Context


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


class PublicSuffix(SingleKey):
    """`extra` labels more than the public suffix: 0 for `psl`, 1 for `regdom`."""

    def __init__(self, extra: int) -> None:
        self._extra = extra

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        rules = kept_file(ctx, "psl", path, "for public suffix list", SuffixList)
        own = key.strip(".").split(".")
        if not all(own):
            return None
        unicode_key = to_bytes(key.strip(".")).decode("utf-8", "replace")
        labels = [_ulabel(label) for label in unicode_key.split(".")]
        wanted = rules.suffix_length(labels) + self._extra
        if wanted > len(own):
            return None
        return Untainted(".".join(own[len(own) - wanted :]))


PSL = PublicSuffix(0)
REGDOM = PublicSuffix(1)
