"""`psl` and `regdom`: the public suffix of a domain, and its registered domain, in a public suffix list file.

The file has the form of publicsuffix.org: one rule a line, `*.` for any label, `!` for exceptions, in UTF-8. The
key may be in A-labels or U-labels; the result is in the form of the key. The result can be used as part of a file name,
so a key with other characters than a domain's has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.pattern import pattern
from eximia.base.text import Untainted
from eximia.dns.suffixes import SuffixList

from .kept import kept_file
from .types import Options, SingleKey

if TYPE_CHECKING:
    from eximia.context import Context


_DOMAIN = pattern(r"[A-Za-z0-9_.\x80-\xff-]+\Z")


class PublicSuffix(SingleKey):
    """`extra` labels more than the public suffix: 0 for `psl`, 1 for `regdom`."""

    def __init__(self, extra: int) -> None:
        self._extra = extra

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        if not _DOMAIN.match(key):
            return None
        found = kept_file(ctx, "psl", path, "for public suffix list", SuffixList).tail(key, self._extra)
        return None if found is None else Untainted(found)


PSL = PublicSuffix(0)
REGDOM = PublicSuffix(1)
