"""`${sg{subject}{regex}{replacement}}`: every match replaced; the replacement is expanded once more for each, with
`$0`, `$1`... set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import Untainted
from eximia.expand.engine import compile_text
from eximia.expand.items.function import FunctionItem

if TYPE_CHECKING:
    from eximia.context import Context


def _sg(ctx: Context, name: str, values: list[str]) -> str:
    subject, pattern, replacement = values
    search = ctx.process.services.regexes.search
    found = search(pattern, subject)
    if found is None:
        return subject
    literal = "$" not in replacement and "\\" not in replacement
    run = None if literal else compile_text(replacement, ctx.scope.locked)
    mark = type(subject) is Untainted
    out: list[str] = []
    position = 0
    length = len(subject)
    scope = ctx.scope
    saved = scope.numeric
    try:
        while found is not None:
            start, end = found.start(0), found.end(0)
            out.append(subject[position:start])
            if run is None:
                out.append(replacement)
            else:
                groups = [found.group(number) or "" for number in range(found.groups + 1)]
                scope.numeric = tuple(map(Untainted, groups)) if mark else tuple(groups)
                out.append(run(ctx))
            position = end
            if end == start:
                # An empty match: what stands here is kept, and the search goes on behind it.
                if end >= length:
                    break
                out.append(subject[end])
                position = end + 1
                found = search(pattern, subject, start=position)
                continue
            found = search(pattern, subject, start=position) if position <= length else None
            if found is not None and found.end(0) == found.start(0) == position:
                # Perl allows no empty match where the last one ended ... unless it is a new one.
                continue
    finally:
        scope.numeric = saved
    out.append(subject[position:])
    return "".join(out)


SG = FunctionItem(3, 3, _sg, pure=False)
