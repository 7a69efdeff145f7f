"""The items of host lists (manual 10.11 to 10.19)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from eximia.base.errors import Defer
from eximia.base.text import Untainted
from eximia.dns.hosts import Outcome as Search
from eximia.dns.hosts import addresses_by_name, find_sender_host_name, names_of_address, normal_address
from eximia.dns.interfaces import is_local_address
from eximia.lists.match import PLAIN, Match, Outcome, signed

if TYPE_CHECKING:
    from eximia.context import Context


class Unknown(Exception):
    """Information about a host that an item needs cannot be found (manual 10.15). `what` is for the log."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def address_bits(text: str) -> tuple[int, int] | None:
    """(number of bits, value) of an IP address; IPv4-mapped ones count as IPv4. None when it is none."""
    try:
        if ":" not in text:
            return 32, int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
        packed = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return None
    if packed.startswith(b"\0" * 10 + b"\xff\xff"):
        return 32, int.from_bytes(packed[12:], "big")
    return 128, int.from_bytes(packed, "big")


def parse_network(text: str) -> tuple[int, int, int] | None:
    """(bits, mask length, value) of `address` or `address/length`; None for anything else. An empty length means no
    bits, one that is too long all of them. An IPv4-mapped address is taken as IPv6, so that no host matches it."""
    address, slash, length = text.partition("/")
    if length and not (length.isascii() and length.isdigit()):
        return None
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        packed = socket.inet_pton(family, address)
    except (OSError, ValueError):
        return None
    bits = len(packed) * 8
    mask = min(int(length or 0), bits) if slash else bits
    return bits, mask, int.from_bytes(packed, "big") >> (bits - mask)


class HostSubject:
    """The host that is tested: its address ("" for none), and its names, looked up when an item wants them."""

    __slots__ = ("_names", "address", "bits")

    def __init__(self, address: str, names: tuple[str, ...] | None = None) -> None:
        """`names` None: those of the session's client, or of the address."""
        self.address = address
        self.bits = address_bits(address) if address else None
        self._names = names

    def names(self, ctx: Context) -> tuple[str, ...]:
        """All names, the first the preferred one. Raises Unknown."""
        if self._names is not None:
            return self._names
        if not self.address:
            return ()
        session = ctx.session
        if self.address == session.sender_host_address:
            find_sender_host_name(ctx)
            if session.sender_host_name:
                return (session.sender_host_name, *session.sender_host_aliases)
        else:
            found = names_of_address(ctx, self.address)
            if found.outcome is Search.FOUND:
                self._names = found.names
                return found.names
        raise Unknown(f"failed to find host name for {self.address}")


class AddressOnly(HostSubject):
    """An IP address whose name must never be looked up (`match_ip`)."""

    __slots__ = ()

    def names(self, ctx: Context) -> tuple[str, ...]:
        """See `HostSubject.names`."""
        if not self.address:
            return ()
        raise Unknown(f"no host name is looked up for {self.address}")


class Networks:
    """A run of addresses and networks, tested by hash for each mask length without losing their order."""

    __slots__ = ("_last", "_masks", "_table")

    def __init__(self) -> None:
        self._table: dict[tuple[int, int, int], tuple[int, Outcome]] = {}
        #: the mask lengths that occur, by number of bits
        self._masks: dict[int, tuple[int, ...]] = {}
        self._last = 0

    def add(self, network: tuple[int, int, int], positive: bool) -> None:
        """Append an item."""
        bits, mask, _ = network
        self._table.setdefault(network, (self._last, PLAIN if positive else False))
        self._last += 1
        masks = self._masks.get(bits, ())
        if mask not in masks:
            self._masks[bits] = (*masks, mask)

    def match(self, subject: HostSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        if subject.bits is None:
            return None
        bits, value = subject.bits
        best: tuple[int, Outcome] | None = None
        table = self._table
        for mask in self._masks.get(bits, ()):
            found = table.get((bits, mask, value >> (bits - mask)))
            if found is not None and (best is None or found[0] < best[0]):
                best = found
        return None if best is None else best[1]


class AnyHost:
    """`*`: any host, or none."""

    __slots__ = ("_positive",)

    def __init__(self, positive: bool) -> None:
        self._positive = positive

    def match(self, subject: HostSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        return signed(PLAIN, self._positive)


class NoHost:
    """An empty item: no remote host."""

    __slots__ = ("_positive",)

    def __init__(self, positive: bool) -> None:
        self._positive = positive

    def match(self, subject: HostSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        return None if subject.address else signed(PLAIN, self._positive)


class LocalInterface:
    """`@[]`: an address of this host."""

    __slots__ = ("_positive",)

    def __init__(self, positive: bool) -> None:
        self._positive = positive

    def match(self, subject: HostSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        if not subject.address or not is_local_address(ctx, subject.address):
            return None
        return signed(PLAIN, self._positive)


class HostName:
    """A host name (`@`: our own): its addresses are looked up and compared."""

    __slots__ = ("_name", "_positive")

    def __init__(self, name: str, positive: bool) -> None:
        self._name = name
        self._positive = positive

    def match(self, subject: HostSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        if not subject.address:
            return None
        if type(subject) is AddressOnly:
            raise Unknown(f"failed to find IP address for {self._name}")
        name = ctx.process.primary_hostname if self._name == "@" else self._name
        if not name.strip("0123456789."):
            # What the system's function takes for an address in an old form.
            try:
                addresses: tuple[str, ...] = (socket.inet_ntoa(socket.inet_aton(name)),)
            except OSError:
                addresses = ()
        else:
            pattern = ctx.process.main.dns_check_names_pattern
            if pattern and ctx.process.services.regexes.search(pattern, name) is None:
                raise Unknown(f"failed to find IP address for {name}")
            found = addresses_by_name(ctx, name)
            if found.outcome is Search.AGAIN:
                raise Defer(f'DNS lookup of "{name}" deferred')
            if found.outcome is Search.MISSING:
                log_missing_address(ctx, name)
                raise Unknown(f"failed to find IP address for {name}")
            addresses = found.addresses
        own = normal_address(subject.address) or subject.address
        return signed(PLAIN, self._positive) if own in addresses else None


def log_missing_address(ctx: Context, name: str) -> None:
    """The log line for a name in a host list that has no address."""
    log = ctx.process.log
    if log is None:
        return
    from eximia.logs.lines.hosts import connection

    during = f" (during {connection(ctx.session, log.selectors)})" if ctx.session.sender_host_address else ""
    log.main(f"no IP address found for host {name}{during}")


class NameSuffix:
    """`*suffix`: the end of one of the host's names."""

    __slots__ = ("_match", "_positive", "_suffix")

    def __init__(self, pattern: str, positive: bool) -> None:
        self._suffix = pattern[1:].lower()
        self._match = Match(pattern)
        self._positive = positive

    def match(self, subject: HostSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        for name in subject.names(ctx):
            if name.lower().endswith(self._suffix):
                return signed(self._match, self._positive)
        return None


class NamePattern:
    """`^...`: a regular expression for the host's names."""

    __slots__ = ("_match", "_pattern", "_positive")

    def __init__(self, pattern: str, positive: bool) -> None:
        self._pattern = pattern
        self._match = Match(pattern)
        self._positive = positive

    def match(self, subject: HostSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        regexes = ctx.process.services.regexes
        for name in subject.names(ctx):
            if regexes.search(self._pattern, name, caseless=True) is not None:
                return signed(self._match, self._positive)
        return None


class HostLookup:
    """`type;file` by the host's names, and `type;query`."""

    __slots__ = ("_positive", "_query", "_search", "_source")

    def __init__(self, search: str, source: str, positive: bool, *, query: bool) -> None:
        self._search = search
        self._source = source
        self._positive = positive
        self._query = query

    def match(self, subject: HostSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        if not subject.address:
            return None
        lookups = ctx.process.services.lookups
        for key in ("",) if self._query else subject.names(ctx):
            found = lookups.find_item(ctx, self._search, key.lower(), self._source)
            if found is not None:
                return signed(Match(found.data), self._positive)
        return None


class NetLookup:
    """`net-type;file` and `net<n>-type;file`: the key is the address, whole or masked (manual 10.13)."""

    __slots__ = ("_colons", "_mask", "_positive", "_search", "_source")

    def __init__(self, mask: int | None, search: str, source: str, positive: bool, *, colons: bool) -> None:
        self._mask = mask
        self._search = search
        self._source = source
        self._positive = positive
        self._colons = colons

    def match(self, subject: HostSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        if subject.bits is None:
            return None
        key = net_key(subject.bits, self._mask, ":" if self._colons else ".")
        found = ctx.process.services.lookups.find_item(ctx, self._search, key, self._source)
        return None if found is None else signed(Match(found.data), self._positive)


def net_key(bits_value: tuple[int, int], mask: int | None, separator: str) -> str:
    """The text of an address as a key: IPv6 in full, lower case, with `separator`; with a mask its host part is zero
    and `/mask` follows."""
    bits, value = bits_value
    suffix = ""
    if mask is not None:
        mask = min(mask, bits)
        value = value >> (bits - mask) << (bits - mask)
        suffix = f"/{mask}"
    if bits == 32:
        return Untainted(socket.inet_ntoa(value.to_bytes(4, "big")) + suffix)
    groups = value.to_bytes(16, "big").hex()
    return Untainted(separator.join(groups[at : at + 4] for at in range(0, 32, 4)) + suffix)
