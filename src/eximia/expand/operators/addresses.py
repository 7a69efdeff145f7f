"""`address`, `addresses`, `domain`, `local_part`: parts of RFC 5322 addresses."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.operation import Operator
from eximia.message.address import AddressSyntaxError, Syntax, addresses_in, parse_address

if TYPE_CHECKING:
    from eximia.context import Context


def _parts(ctx: Context, subject: str) -> tuple[str, str, str]:
    """Address, local part, domain; all empty when `subject` is no address."""
    main = ctx.process.main
    literals = bool(getattr(main, "allow_domain_literals", False))
    utf8 = ctx.message.smtputf8 or bool(getattr(main, "allow_utf8_domains", False))
    return _parsed(subject, literals, utf8)


@lru_cache(maxsize=1024)
def _parsed(subject: str, literals: bool, utf8: bool) -> tuple[str, str, str]:
    try:
        found = parse_address(subject, syntax=Syntax(allow_domain_literals=literals, allow_utf8_domains=utf8))
    except AddressSyntaxError:
        return "", "", ""
    return found.address, found.local_part, found.domain


def _address(ctx: Context, subject: str, argument: str | None) -> str:
    return _parts(ctx, subject)[0]


def _domain(ctx: Context, subject: str, argument: str | None) -> str:
    return _parts(ctx, subject)[2]


def _local_part(ctx: Context, subject: str, argument: str | None) -> str:
    return _parts(ctx, subject)[1]


def _addresses(ctx: Context, subject: str, argument: str | None) -> str:
    separator = ":"
    text = subject
    if text.startswith(">"):
        if len(text) == 1:
            raise ExpansionError(f"output separator missing in expanding ${{addresses:{subject}}}")
        separator = text[1]
        text = text[2:]
    found: list[str] = []
    for start, end in addresses_in(text):
        address = _parts(ctx, text[start:end])[0]
        if address:
            found.append(address.replace(separator, separator * 2))
    return separator.join(found)


ADDRESS = Operator(_address, pure=False)
ADDRESSES = Operator(_addresses, pure=False)
DOMAIN = Operator(_domain, pure=False)
LOCAL_PART = Operator(_local_part, pure=False)
