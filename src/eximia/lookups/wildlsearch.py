"""`wildlsearch` and `nwildlsearch`: a text file whose keys are patterns (manual 9.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer, ExpansionError, ForcedFailure
from eximia.base.namedtuple import NamedTuple
from eximia.base.text import Untainted
from eximia.lists.domain import LOCAL_PARTS

from .kept import kept_lines
from .linear import data_of, logical_lines, read_text
from .types import LookupDefer, Options, SingleKey, option

if TYPE_CHECKING:
    from eximia.context import Context


class _Line(NamedTuple):
    key: str
    data: str
    full: str


def _lines(path: str) -> tuple[_Line, ...]:
    return tuple(
        _Line(Untainted(key), Untainted(data_of(rest) + more), Untainted(key + rest + more))
        for key, rest, more in logical_lines(read_text(path))
    )


class Wildlsearch(SingleKey):
    """The first line whose key matches: literal, `*suffix`, `^regular expression` or `type;lookup`."""

    def __init__(self, *, expands: bool) -> None:
        self._expands = expands

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        lowered = key.lower()
        for line in kept_lines(ctx, "wildlsearch", path, _lines):
            if self._matches(ctx, line.key, key, lowered):
                return line.full if option(options, "ret") == "full" else line.data
        return None

    def _matches(self, ctx: Context, pattern: str, key: str, lowered: str) -> bool:
        if self._expands and ("$" in pattern or "\\" in pattern):
            try:
                pattern = ctx.process.services.expand(pattern, ctx)
            except ForcedFailure:
                return False
            except ExpansionError as error:
                text = f'failed to expand "{pattern}" while checking a list: {error.message}'
                if ctx.process.log is not None:
                    ctx.process.log.panic(text)
                raise LookupDefer("") from None
        if pattern.startswith("!"):
            # The key is a list of one item, and a negative one matches everything else.
            return not self._item(ctx, pattern[1:].lstrip(" \t"), key, lowered)
        return self._item(ctx, pattern, key, lowered)

    def _item(self, ctx: Context, pattern: str, key: str, lowered: str) -> bool:
        first = pattern[:1]
        if first == "*":
            return lowered.endswith(pattern[1:].lower())
        if first == "^":
            return ctx.process.services.regexes.search(pattern, key, caseless=True) is not None
        if ";" not in pattern:
            return pattern.lower() == lowered
        try:
            compiled = LOCAL_PARTS.compile([pattern], ctx, in_file=True)
            return compiled.match(key, ctx, [key]) is not None
        except Defer as defer:
            raise LookupDefer(defer.message) from None


WILDLSEARCH = Wildlsearch(expands=True)
NWILDLSEARCH = Wildlsearch(expands=False)
