"""The items of address lists (manual 10.20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.namedtuple import NamedTuple
from eximia.base.text import like, lower, marked
from eximia.lists.match import PLAIN, Compiled, ListError, Match, Outcome, signed

from .names import Names

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.lists.kind import ListKind

#: How long a chain of `>key` items may be.
LONGEST_CHAIN = 50


class AddressSubject(NamedTuple):
    """A mail address taken apart. `domain` is in lower case; `local_part` and `text` have their own case, `lowered`
    is `text` in lower case. Without an `@` the local part is everything and the domain is None."""

    text: str
    lowered: str
    local_part: str
    domain: str | None

    @classmethod
    def of(cls, address: str) -> AddressSubject:
        local_part, at, domain = address.rpartition("@")
        lowered = lower(address)
        if not at:
            return cls(address, lowered, address, None)
        domain = lower(domain)
        return cls(f"{local_part}@{domain}", lowered, local_part, domain)


class Addresses:
    """A run of literal addresses and literal or `*suffix` domains, tested by hash without losing their order."""

    __slots__ = ("_caseless", "_domains", "_exact", "_has_domains", "_places")

    def __init__(self, *, caseless: bool) -> None:
        self._caseless = caseless
        self._exact: dict[str, tuple[int, Outcome]] = {}
        self._domains = Names(caseless=caseless)
        self._has_domains = False
        self._places = 0

    def add_address(self, address: str, positive: bool) -> None:
        """Append an address without wild cards."""
        if self._caseless:
            key = lower(address)
        else:
            key = address
        self._exact.setdefault(key, (self._places, Match(address) if positive else False))
        self._places += 1

    def add_domain(self, domain: str, positive: bool, *, any_local_part: bool) -> None:
        """Append `domain` or `*@domain`; the first says nothing about the local part, so it captures none."""
        data = marked(f"*@{domain}" if any_local_part else f"@{domain}", domain)
        self._domains.add(domain, positive, data, place=self._places, local_part=any_local_part)
        self._has_domains = True
        self._places += 1

    def match(self, subject: AddressSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        if subject.domain is None:
            return None
        entry = self._exact.get(subject.lowered if self._caseless else subject.text)
        if self._has_domains:
            found = self._domains.find(subject.domain)
            if found is not None and (entry is None or found.place < entry[0]):
                if found.local_part:
                    numbers.append(subject.local_part)
                if found.wild is not None:
                    numbers.append(found.wild)
                return found.outcome
        return None if entry is None else entry[1]


class EmptyAddress:
    """An empty item: the sender of a bounce."""

    __slots__ = ("_positive",)

    def __init__(self, positive: bool) -> None:
        self._positive = positive

    def match(self, subject: AddressSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        return None if subject.text else signed(PLAIN, self._positive)


class AddressPattern:
    """`^...`: a regular expression for the whole address."""

    __slots__ = ("_caseless", "_found", "_pattern", "_positive")

    def __init__(self, pattern: str, positive: bool, *, caseless: bool, in_file: bool) -> None:
        self._pattern = pattern
        self._positive = positive
        self._caseless = caseless
        # The value is the line of the file; written in place, such an item has none.
        self._found = Match(pattern) if in_file else PLAIN

    def match(self, subject: AddressSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        found = ctx.process.services.regexes.search(self._pattern, subject.text, caseless=self._caseless)
        if found is None:
            return None
        numbers += found.captures()
        return signed(self._found, self._positive)


class AddressLookup:
    """`type;...`: a lookup of the whole address. Single-key types find no empty address, but may have a default."""

    __slots__ = ("_caseless", "_positive", "_search", "_source")

    def __init__(self, search: str, source: str, positive: bool, *, caseless: bool) -> None:
        self._search = search
        self._source = source
        self._positive = positive
        self._caseless = caseless

    def match(self, subject: AddressSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        if subject.domain is None and subject.text:
            # A local part alone is no address to look up.
            return None
        key = subject.lowered if self._caseless else subject.text
        found = ctx.process.services.lookups.find_item(ctx, self._search, key, self._source)
        return None if found is None else signed(Match(found.data), self._positive)


class PartsPattern:
    """`local@domain` where a part has wild cards, is a lookup or a named list: both are tested on their own."""

    __slots__ = ("_caseless", "_domain", "_local", "_positive", "_wild")

    def __init__(self, local_part: str, domain: Compiled[str], positive: bool, *, caseless: bool) -> None:
        self._wild = local_part.startswith("*")
        self._local = local_part
        self._domain = domain
        self._positive = positive
        self._caseless = caseless

    def match(self, subject: AddressSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        if subject.domain is None:
            return None
        pattern, local_part = self._local, subject.local_part
        if self._caseless:
            pattern, local_part = pattern.lower(), local_part.lower()
        wild: str | None = None
        if self._wild:
            if not local_part.endswith(pattern[1:]):
                return None
            wild = subject.local_part[: len(local_part) - len(pattern) + 1]
        elif pattern != local_part:
            return None
        # What the domain captures comes after the local part's; $0 of a pattern in the domain is not wanted.
        captured: list[str] = [subject.domain]
        outcome = self._domain.match(subject.domain, ctx, captured)
        if outcome is None:
            return None
        if wild is not None:
            numbers.append(wild)
        numbers += captured[1:]
        text = f"{self._local}@{outcome.data}"
        return signed(Match(like(text, self._local, outcome.data)), self._positive)


class DomainLookup:
    """`@@lookup`: the domain is looked up, and what is found is a list of local parts (with `>key` chains)."""

    __slots__ = ("_caseful", "_kind", "_positive", "_query", "_search", "_source", "_text")

    def __init__(
        self, text: str, search: str, source: str, positive: bool, kind: ListKind[str], *, caseful: bool, query: bool
    ) -> None:
        self._text = text
        self._search = search
        self._source = source
        self._positive = positive
        self._kind = kind
        self._caseful = caseful
        self._query = query

    def match(self, subject: AddressSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        from eximia.lists.kind import items_of

        if subject.domain is None:
            return None
        lookups = ctx.process.services.lookups
        key = subject.domain
        for _ in range(LONGEST_CHAIN):
            found = lookups.find_item(ctx, self._search, key, self._source)
            if found is None:
                return None
            items = items_of(found.data)
            chained = ""
            if items and items[-1].startswith(">") and not self._query:
                chained = items.pop()[1:].lstrip()
            compiled = self._kind.compile(items, ctx, caseful=self._caseful, in_file=True)
            scratch = [subject.local_part]
            outcome = self._first(compiled, subject.local_part, ctx, scratch)
            if outcome is False:
                return None
            if outcome is not None:
                return signed(outcome, self._positive)
            if not chained:
                return signed(compiled.at_end, self._positive)
            key = chained
        text = f"Loop detected in lookup of local part of {subject.text} in {self._text}"
        raise ListError(text, text)

    @staticmethod
    def _first(compiled: Compiled[str], local_part: str, ctx: Context, numbers: list[str]) -> Outcome:
        """The outcome of the first item that matches, so that a negative one ends the chain."""
        for segment in compiled.segments:
            outcome = segment.match(local_part, ctx, numbers)
            if outcome is not None:
                return outcome
        return None
