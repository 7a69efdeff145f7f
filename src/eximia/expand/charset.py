"""The character set of header lines as the configuration or a filter sets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eximia.context import Context

DEFAULT = "UTF-8"


def headers_charset(ctx: Context) -> str:
    """`headers_charset`, or what a filter's `headers charset` said."""
    chosen = ctx.message.notes.get("headers_charset")
    if chosen:
        return str(chosen)
    return getattr(ctx.process.main, "headers_charset", None) or DEFAULT


def limits_word_length(ctx: Context) -> bool:
    """Main option `check_rfc2047_length`."""
    return bool(getattr(ctx.process.main, "check_rfc2047_length", True))
