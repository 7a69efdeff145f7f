"""`escape`, `escape8bit`, `hexquote`, `rxquote`, `xtextd`: text for logs, headers and regular expressions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.pattern import pattern
from eximia.expand.operation import Operator
from eximia.logs.printing import printing

if TYPE_CHECKING:
    from eximia.context import Context

_EIGHT = {code: f"\\{code:03o}" for code in [92, *range(127, 256)]}
_HEXED = {code: f"\\x{code:02x}" for code in [*range(33), *range(127, 256)]}
_NOT_ALNUM = pattern(r"([^A-Za-z0-9])", re.DOTALL)
_XTEXT = pattern(r"\+([0-9A-Fa-f]{2})")
_BAD_XTEXT = pattern(r"\+(?![0-9A-Fa-f]{2})")


def _escape(ctx: Context, subject: str, argument: str | None) -> str:
    return printing(subject, topbit=bool(getattr(ctx.process.main, "print_topbitchars", False)))


def _escape8bit(ctx: Context, subject: str, argument: str | None) -> str:
    return subject.translate(_EIGHT)


def _hexquote(ctx: Context, subject: str, argument: str | None) -> str:
    return subject.translate(_HEXED)


def _rxquote(ctx: Context, subject: str, argument: str | None) -> str:
    return _NOT_ALNUM.sub(r"\\\1", subject)


def _xtextd(ctx: Context, subject: str, argument: str | None) -> str:
    if "+" not in subject:
        return subject
    if _BAD_XTEXT.search(subject):
        raise ExpansionError(f'malformed xtext "{subject}"')
    return _XTEXT.sub(lambda match: chr(int(match[1], 16)), subject)


ESCAPE = Operator(_escape, pure=False)
ESCAPE8BIT = Operator(_escape8bit)
HEXQUOTE = Operator(_hexquote)
RXQUOTE = Operator(_rxquote)
XTEXTD = Operator(_xtextd)
