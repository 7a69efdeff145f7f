"""The search type as it is written: `[partial[n][(affix)|-]]type[*|*@][,option=value...]` (manual 9.1, 9.6, 9.7)."""

from __future__ import annotations

from functools import lru_cache

from eximia.base.errors import ExpansionError
from eximia.base.namedtuple import NamedTuple

from .types import Options

_PUNCTUATION = frozenset("!\"#$%&'(*+,-./:;<=>?@[\\]^_`{|}~")


class Search(NamedTuple):
    """A search type. `partial` is the least number of components without wild card, -1 for no partial matching;
    `default` is "", "*" or "*@"."""

    type: str
    partial: int
    affix: str
    default: str
    options: Options


@lru_cache(maxsize=1024)
def parse_search(text: str) -> Search:
    """Raises ExpansionError with Exim's words for what is wrong with the form; types are not checked here."""
    head, comma, tail = text.partition(",")
    options: Options = ()
    if comma:
        pairs = (part.partition("=") for part in tail.split(","))
        options = tuple((name.strip(), value.strip()) for name, _, value in pairs if name.strip())
    head = head.strip(" \t\n") if comma else head
    name = head
    partial = -1
    affix = "*."
    if head.startswith("partial"):
        rest = head[7:]
        digits = len(rest) - len(rest.lstrip("0123456789"))
        number, rest = rest[:digits], rest[digits:]
        partial = int(number) if number else 2
        if rest.startswith("("):
            affix, closing, name = rest[1:].partition(")")
            if not closing or not _PUNCTUATION.issuperset(affix):
                raise ExpansionError(f'format error in lookup type "{head}"')
        elif rest.startswith("-"):
            name = rest[1:]
        else:
            raise ExpansionError(f'format error in lookup type "{head}"')
    default = ""
    if name.endswith("*@"):
        name, default = name[:-2], "*@"
    elif name.endswith("*"):
        name, default = name[:-1], "*"
    return Search(name, partial, affix, default, options)
