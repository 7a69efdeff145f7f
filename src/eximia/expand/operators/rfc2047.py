"""`rfc2047` and `rfc2047d`: encoded words of header lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.charset import headers_charset, limits_word_length
from eximia.expand.mimewords import UnknownCharsetError, decode, encode
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context


def _rfc2047(ctx: Context, subject: str, argument: str | None) -> str:
    return encode(subject, headers_charset(ctx))


def _rfc2047d(ctx: Context, subject: str, argument: str | None) -> str:
    try:
        return decode(subject, headers_charset(ctx), check_length=limits_word_length(ctx))
    except UnknownCharsetError as error:
        raise ExpansionError(error.message) from error


RFC2047 = Operator(_rfc2047, pure=False)
RFC2047D = Operator(_rfc2047d, pure=False)
