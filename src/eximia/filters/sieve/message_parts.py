"""What tests look at: header fields, addresses and their parts, the envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.mimewords import UnknownCharsetError, decode
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eximia.context import Context

#: header fields that hold addresses
ADDRESS_FIELDS = frozenset(
    {
        "from", "to", "cc", "bcc", "sender", "reply-to", "resent-from", "resent-to", "resent-cc", "resent-bcc",
        "resent-sender", "resent-reply-to", "return-path", "delivered-to", "errors-to",
    }
)  # fmt: skip


def is_field_name(name: str) -> bool:
    """A name that a header field can have (8-bit bytes included)."""
    return bool(name) and all(char > " " and char not in ":\x7f" for char in name)


def field_values(ctx: Context, name: str, *, decoded: bool = True) -> Iterator[str]:
    """The values of all lines of that name: unfolded, in UTF-8."""
    lowered = name.lower()
    for header in ctx.message.headers:
        if header.name == lowered and header.type != "*":
            value = header.body.replace("\n", "").strip()
            yield _decoded(value) if decoded and "=?" in value else value


def _decoded(value: str) -> str:
    """Encoded words in UTF-8; those of unknown character sets stay as they are."""
    try:
        return decode(value, "UTF-8", zero="\0")
    except UnknownCharsetError:
        return value


def field_addresses(ctx: Context, name: str) -> Iterator[str]:
    """The addresses in all lines of that name."""
    for value in field_values(ctx, name, decoded=False):
        for start, end in addresses_in(value):
            try:
                yield parse_address(value[start:end]).address
            except AddressSyntaxError:
                continue


def address_part(address: str, part: str, user: str | None = None, detail: str | None = None) -> str | None:
    """`all`, `localpart`, `domain`; `user` and `detail` are those of the envelope recipient. None: there is none."""
    local, at, domain = address.rpartition("@")
    if not at:
        local, domain = address, ""
    if part == "localpart":
        return local
    if part == "domain":
        return domain
    if part == "user":
        return user
    if part == "detail":
        return detail
    return address
