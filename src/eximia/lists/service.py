"""`Services.lists`: what lower layers (conditions of `expand`, `dns`) ask of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer, ExpansionError, LookupDefer
from eximia.base.listtext import split_list
from eximia.base.template import Template
from eximia.base.text import Untainted, is_tainted

from .kind import find_named
from .match import ListError, Match
from .matching import match_address, match_domain, match_host, match_ip, match_local_part

if TYPE_CHECKING:
    from eximia.context import Context


class Lists:
    """See `base.ports.ListService`."""

    def match(self, ctx: Context, kind: str, subject: str, items: str, *, caseful: bool = False) -> str | None:
        """See `base.ports.ListService.match`."""
        try:
            found = self._match(ctx, kind, subject, items, caseful=caseful)
        except ListError as error:
            raise LookupDefer(error.reason) from None
        except Defer as defer:
            raise LookupDefer(defer.message) from None
        return None if found is None else found.data

    def _match(self, ctx: Context, kind: str, subject: str, items: Template | str, *, caseful: bool) -> Match | None:
        if kind == "domain":
            return match_domain(items, subject, ctx)
        if kind == "local_part":
            return match_local_part(items, subject, ctx, caseful=caseful)
        if kind == "address":
            return match_address(items, subject, ctx, caseful=caseful)
        if kind == "ip":
            return match_ip(items, subject, ctx)
        if kind == "host":
            return match_host(items, ctx, subject)
        if kind == "string":
            text = items.text if isinstance(items, Template) else items
            return _in_strings(text, subject, caseful=caseful)
        raise ExpansionError(f"unknown kind of list {kind}")

    def contains(self, ctx: Context, kind: str, items: Template, subject: str) -> bool:
        """Is `subject` in a list of the configuration? What cannot be decided counts as no; $0... stay as they are."""
        numeric = ctx.scope.numeric
        try:
            return self._match(ctx, kind, subject, items, caseful=False) is not None
        except (Defer, ExpansionError):
            return False
        finally:
            ctx.scope.numeric = numeric

    def named(self, ctx: Context, name: str, kind: str = "") -> str | None:
        """See `base.ports.ListService.named`. Named lists inside are replaced by their items."""
        kinds = (kind,) if kind else ("domain", "address", "host", "local_part")
        for each in kinds:
            found = find_named(ctx, each, name)
            if found is not None:
                text = ctx.process.services.expand(found.template.text, ctx)
                return _spelled_out(ctx, each, text, 0)
        return None


def _in_strings(items: str, subject: str, *, caseful: bool) -> Match | None:
    """`inlist` and `inlisti`: the list as plain strings."""
    wanted = subject if caseful else subject.lower()
    for item in split_list(items):
        if (item if caseful else item.lower()) == wanted:
            return Match(item)
    return None


def _spelled_out(ctx: Context, kind: str, text: str, depth: int) -> str:
    """The list with `+name` items of its own kind replaced by what they contain."""
    parts: list[str] = []
    changed = False
    for item in split_list(text):
        inner = find_named(ctx, kind, item[1:]) if item.startswith("+") and depth < 20 else None
        if inner is None:
            parts.append(item.replace(":", "::"))
        else:
            expanded = ctx.process.services.expand(inner.template.text, ctx)
            parts.append(_spelled_out(ctx, kind, expanded, depth + 1))
            changed = True
    if not changed:
        return text
    result = " : ".join(parts)
    return result if is_tainted(text) else Untainted(result)
