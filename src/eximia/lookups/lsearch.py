"""`lsearch`: a text file of keys and data, searched without regard to case (manual 9.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import Untainted

from .kept import kept_lines
from .linear import data_of, logical_lines, read_text
from .types import Options, SingleKey, option

if TYPE_CHECKING:
    from eximia.context import Context


def _by_key(path: str) -> dict[str, str]:
    """Lower-cased key -> data; the first of equal keys counts."""
    table: dict[str, str] = {}
    for key, rest, more in logical_lines(read_text(path)):
        table.setdefault(key.lower(), Untainted(data_of(rest) + more))
    return table


def _whole_lines(path: str) -> dict[str, str]:
    """Lower-cased key -> key and everything after it, for `ret=full`."""
    table: dict[str, str] = {}
    for key, rest, more in logical_lines(read_text(path)):
        table.setdefault(key.lower(), Untainted(key + rest + more))
    return table


class Lsearch(SingleKey):
    """Linear search, done once a file by hash."""

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        load = _whole_lines if option(options, "ret") == "full" else _by_key
        return kept_lines(ctx, load.__name__, path, load).get(key.lower())


LSEARCH = Lsearch()
