"""The condition `personal` (filter document 3.29), and Sieve's idea of a message that wants an automatic answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from eximia.base.pattern import pattern
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address

if TYPE_CHECKING:
    from eximia.context import Context

_ROBOTS = pattern(r"server@|daemon@|root@|listserv@|majordomo@|-request@|\Aowner-[^@]+@", re.IGNORECASE)
_LIST_WORDS = ("id", "help", "subscribe", "unsubscribe", "post", "owner", "archive")
_LIST_LINES = frozenset(f"list-{word}" for word in _LIST_WORDS)


def own_addresses(ctx: Context) -> set[str]:
    """The addresses of the user whose filter runs, lower-cased: with and without prefix and suffix, and as rewriting
    makes them."""
    address = ctx.address
    local, domain = address.local_part, address.domain
    full = f"{address.local_part_prefix}{local}{address.local_part_suffix}"
    found = {f"{part}@{domain}" for part in (local, full)}
    if ctx.process.config is not None and getattr(ctx.process.config, "rewrite", None):
        from eximia.rewrite import rewrite_envelope

        found |= {rewrite_envelope(ctx, each, kind) for each in tuple(found) for kind in "FT"}
    return {each.lower() for each in found}


def header_addresses(ctx: Context, name: str) -> Iterable[str]:
    """The addresses in the lines called `name`, bare."""
    for header in ctx.message.headers:
        if header.name == name and header.type != "*":
            body = header.body
            for start, end in addresses_in(body):
                try:
                    yield parse_address(body[start:end]).address
                except AddressSyntaxError:
                    continue


def is_automatic(ctx: Context) -> bool:
    """A bounce, a list's or a robot's message: not one to answer."""
    if not ctx.message.sender_address:
        return True
    for header in ctx.message.headers:
        if header.type == "*":
            continue
        if header.name in _LIST_LINES:
            return True
        if header.name == "auto-submitted" and header.body.strip().lower() != "no":
            return True
        if header.name == "precedence" and any(word in header.body.lower() for word in ("bulk", "list", "junk")):
            return True
    return False


def is_personal(ctx: Context, aliases: Iterable[str]) -> bool:
    """The message is for the user himself and from a person."""
    if is_automatic(ctx):
        return False
    own = own_addresses(ctx) | {alias.lower() for alias in aliases}
    if not any(address.lower() in own for address in header_addresses(ctx, "to")):
        return False
    senders = header_addresses(ctx, "from")
    return not any(sender.lower() in own or _ROBOTS.search(sender) for sender in senders)
