"""The items of domain lists that speak of this host: `@`, `@[]`, `@mx_any` and its relatives (manual 10.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer
from eximia.base.text import Untainted
from eximia.dns.answer import Status
from eximia.dns.hosts import Outcome as Search
from eximia.dns.hosts import addresses_by_dns
from eximia.dns.interfaces import is_local_address
from eximia.dns.lookup import lookup
from eximia.lists.match import Match, Outcome, signed

if TYPE_CHECKING:
    from eximia.context import Context

MX_WORDS = ("@mx_any", "@mx_primary", "@mx_secondary")


class PrimaryHostname:
    """`@`: the primary host name."""

    __slots__ = ("_positive",)

    def __init__(self, positive: bool) -> None:
        self._positive = positive

    def match(self, subject: str, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        own = ctx.process.primary_hostname
        if subject.lower() != own.lower():
            return None
        return signed(Match(Untainted(own)), self._positive)


class LocalLiteral:
    """`@[]`: a domain literal with an address of this host."""

    __slots__ = ("_match", "_positive")

    def __init__(self, pattern: str, positive: bool) -> None:
        self._match = Match(pattern)
        self._positive = positive

    def match(self, subject: str, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        if not (subject.startswith("[") and subject.endswith("]")):
            return None
        address = subject[1:-1]
        if address[:5].lower() == "ipv6:":
            address = address[5:]
        return signed(self._match, self._positive) if is_local_address(ctx, address) else None


class LocalMx:
    """`@mx_any`, `@mx_primary`, `@mx_secondary`: domains that have this host among their mail exchangers."""

    __slots__ = ("_ignore", "_match", "_positive", "_word")

    def __init__(self, pattern: str, word: str, ignore: str, positive: bool) -> None:
        """`ignore` is the host list after `/ignore=`, or empty."""
        self._match = Match(pattern)
        self._word = word
        self._ignore = ignore
        self._positive = positive

    def match(self, subject: str, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        answer = lookup(ctx, subject, "MX")
        if answer.status is Status.AGAIN:
            raise Defer(f'DNS lookup of "{subject}" deferred')
        if answer.status is not Status.FOUND:
            return None
        best = min(record.preference for record in answer.records)
        primary = secondary = False
        for record in answer.records:
            is_primary = record.preference == best
            if (primary if is_primary else secondary) or not self._is_local(record.exchange, ctx):
                continue
            if is_primary:
                primary = True
            else:
                secondary = True
        if self._word == "@mx_primary":
            hit = primary
        elif self._word == "@mx_secondary":
            hit = secondary and not primary
        else:
            hit = primary or secondary
        return signed(self._match, self._positive) if hit else None

    def _is_local(self, exchange: str, ctx: Context) -> bool:
        services = ctx.process.services
        treated = ctx.process.main.hosts_treat_as_local
        if treated is not None and services.lists.contains(ctx, "domain", treated, exchange):
            return True
        found = addresses_by_dns(ctx, exchange)
        if found.outcome is Search.AGAIN:
            raise Defer(f'DNS lookup of "{exchange}" deferred')
        for address in found.addresses:
            if self._ignore and services.lists.match(ctx, "ip", address, self._ignore) is not None:
                continue
            if is_local_address(ctx, address):
                return True
        return False


def compile_local(item: str, positive: bool) -> PrimaryHostname | LocalLiteral | LocalMx | None:
    """The segment for a special item; None when `item` is none of them (it is a name then)."""
    if item == "@":
        return PrimaryHostname(positive)
    if item == "@[]":
        return LocalLiteral(item, positive)
    lowered = item.lower()
    for word in MX_WORDS:
        if lowered == word:
            return LocalMx(item, word, "", positive)
        if lowered.startswith(word + "/ignore="):
            return LocalMx(item, word, item[len(word) + 8 :], positive)
    return None
