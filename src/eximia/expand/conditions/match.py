"""`match{subject}{regex}`: sets `$0`, `$1`... when it is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import Untainted
from eximia.expand.conditions.simple import TwoStrings

if TYPE_CHECKING:
    from eximia.context import Context


def _match(ctx: Context, subject: str, pattern: str) -> bool:
    found = ctx.process.services.regexes.search(pattern, subject)
    if found is None:
        return False
    groups = [found.group(number) or "" for number in range(found.groups + 1)]
    ctx.scope.numeric = tuple(map(Untainted, groups)) if type(subject) is Untainted else tuple(groups)
    return True


MATCH = TwoStrings(_match, sets=True)
