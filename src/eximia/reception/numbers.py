"""Sizes and counts in options that are expanded when they are used (manual 6.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from eximia.base.errors import ExpansionError
from eximia.expand.numbers import integer, strict_integer

if TYPE_CHECKING:
    from eximia.base.template import Template
    from eximia.context import Context


#: must not be empty or negative: a lookup that finds nothing must not mean that there is no limit
_STRICT = frozenset({"message_size_limit"})


class Expands(Protocol):
    """The part of the session's policy that expands."""

    def expand(self, ctx: Context, template: Template) -> str:
        """Raises ExpansionError."""


class NotNumber(ExpansionError):
    """The expansion worked, but its result is no number."""


def number(policy: Expands, ctx: Context, option: str) -> int:
    """An expanded integer option of the main section, with K, M and G; nothing is 0.

    Raises ExpansionError, or NotNumber."""
    main: Any = ctx.process.main
    template: Template | None = getattr(main, option)
    if template is None:
        return 0
    known: dict[str, tuple[Template, int]] = ctx.process.caches.setdefault("reception.numbers", {})
    kept = known.get(option)
    if kept is not None and kept[0] is template:
        return kept[1]
    text = policy.expand(ctx, template)
    try:
        value = strict_integer(text, positive=True) if option in _STRICT else integer(text)
    except ExpansionError as error:
        raise NotNumber(error.message) from None
    if template.constant:
        known[option] = template, value
    return value


def complaint(option: str, error: ExpansionError) -> str:
    """What the panic log says of an SMTP session that cannot begin for a bad limit."""
    what = "invalid" if isinstance(error, NotNumber) else "unable to expand"
    return f"{what} {option}: {error.message}"
