"""The expressions that find out what a scanner says."""

from __future__ import annotations

from collections.abc import Iterable

from eximia.base.errors import ExpansionError
from eximia.context import Context
from eximia.scan.servers import ScanError


def usable(ctx: Context, pattern: str) -> None:
    """Raises ScanError for an expression that is none."""
    try:
        ctx.process.services.regexes.search(pattern, "")
    except ExpansionError as error:
        raise ScanError(error.message) from error


def name_in(ctx: Context, pattern: str, lines: Iterable[str]) -> str:
    """What the parentheses of `pattern` match in the first line that matches; `unknown` when none does."""
    for line in lines:
        found = ctx.process.services.regexes.search(pattern, line)
        if found is not None:
            captures = found.captures()
            return (captures[1] if len(captures) > 1 else captures[0]) or "unknown"
    return "unknown"
