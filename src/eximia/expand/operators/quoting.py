"""`quote`, `quote_local_part`, and `quote_<lookup type>` (through the lookup service)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.pattern import pattern
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context

_PLAIN = pattern(r"[A-Za-z0-9_.-]+")
_LOCAL_PLAIN = pattern(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+)*")


def quote(text: str) -> str:
    """`text` in double quotes when it needs them."""
    if _PLAIN.fullmatch(text):
        return text
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")


def quote_local_part(text: str) -> str:
    """A local part, quoted when RFC 5322 demands it."""
    if text and text[0] != "." and text[-1] != "." and _LOCAL_PLAIN.fullmatch(text):
        return text
    return f'"{_escaped(text)}"'


def _quote(ctx: Context, subject: str, argument: str | None) -> str:
    if argument is None:
        return quote(subject)
    # ${quote_<type>:...} and ${quote_<type>_<option>:...}
    search, underscore, option = argument.partition("_")
    return ctx.process.services.lookups.quote(ctx, search, option if underscore else None, subject)


def _quote_local_part(ctx: Context, subject: str, argument: str | None) -> str:
    return quote_local_part(subject)


QUOTE = Operator(_quote, pure=False)
QUOTE_LOCAL_PART = Operator(_quote_local_part)
