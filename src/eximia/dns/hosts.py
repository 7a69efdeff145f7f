"""Addresses of host names and names of addresses, as Exim finds them (manual 10.12, 10.14, `host_lookup_order`).

`byname` means what the system's functions do with `files dns`: the hosts file first, then address records.
"""

from __future__ import annotations

import socket
from enum import Enum
from typing import TYPE_CHECKING

from eximia.base.listtext import split_list
from eximia.base.namedtuple import NamedTuple

from .answer import Status
from .hosts_file import HostsFile
from .lookup import lookup
from .names import reverse_name

if TYPE_CHECKING:
    from eximia.context import Context


class Outcome(Enum):
    """How a search ended."""

    FOUND = "found"
    MISSING = "missing"
    AGAIN = "again"


class Addresses(NamedTuple):
    """The addresses of a name. `name` is the canonical one; `secure` when every answer was validated."""

    outcome: Outcome
    addresses: tuple[str, ...] = ()
    name: str = ""
    secure: bool = False


class Names(NamedTuple):
    """The names of an address, the first the preferred one. `unverified` were given by the DNS, but do not lead
    back to the address."""

    outcome: Outcome
    names: tuple[str, ...] = ()
    secure: bool = False
    unverified: tuple[str, ...] = ()
    why: str = ""


def hosts_file(ctx: Context) -> HostsFile:
    """The hosts file of the process."""
    hosts = ctx.process.caches.get("dns.hosts")
    if hosts is None:
        hosts = ctx.process.caches["dns.hosts"] = HostsFile()
    assert isinstance(hosts, HostsFile)
    return hosts


def address_types(ctx: Context, name: str) -> tuple[str, ...]:
    """The record types to ask for the addresses of `name` (`disable_ipv6`, `dns_ipv4_lookup`)."""
    main = ctx.process.main
    if main.disable_ipv6:
        return ("A",)
    only_ipv4 = main.dns_ipv4_lookup
    if only_ipv4 is not None and ctx.process.services.lists.contains(ctx, "domain", only_ipv4, name):
        return ("A",)
    return ("AAAA", "A")


def addresses_by_dns(
    ctx: Context, name: str, *, qualify_single: bool = False, search_parents: bool = False
) -> Addresses:
    """AAAA and A records of `name`, in this order. AGAIN only when nothing was found."""
    found: list[str] = []
    canonical = ""
    secure = True
    again = False
    for rtype in address_types(ctx, name):
        answer = lookup(ctx, name, rtype, qualify_single=qualify_single, search_parents=search_parents)
        if answer.status is Status.FOUND:
            found += [record.address for record in answer.records]
            canonical = canonical or answer.name
            secure = secure and answer.secure
        elif answer.status is Status.AGAIN:
            again = True
    if found:
        return Addresses(Outcome.FOUND, tuple(found), canonical, secure)
    return Addresses(Outcome.AGAIN if again else Outcome.MISSING)


def addresses_by_name(ctx: Context, name: str) -> Addresses:
    """The hosts file, then the DNS with single-component names widened. IP addresses stand for themselves."""
    address = normal_address(name)
    if address:
        return Addresses(Outcome.FOUND, (address,), name)
    listed = hosts_file(ctx).addresses(name)
    if listed:
        if ctx.process.main.disable_ipv6:
            listed = tuple(item for item in listed if ":" not in item)
        return Addresses(Outcome.FOUND, listed, name)
    return addresses_by_dns(ctx, name, qualify_single=True)


def normal_address(text: str) -> str:
    """The address in its usual spelling (IPv4-mapped IPv6 as IPv4); empty when `text` is no address."""
    try:
        if ":" not in text:
            return socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, text))
        packed = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return ""
    if packed.startswith(b"\0" * 10 + b"\xff\xff"):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed)


def _claimed_names(ctx: Context, address: str, method: str) -> Names:
    """What one method of `host_lookup_order` says, before the names are verified."""
    if method == "byaddr":
        names = hosts_file(ctx).names(address)
        if names:
            return Names(Outcome.FOUND, names)
    reverse = reverse_name(address)
    if reverse is None:
        return Names(Outcome.MISSING)
    answer = lookup(ctx, reverse, "PTR")
    if answer.status is Status.FOUND:
        names = tuple(dict.fromkeys(record.target.lower() for record in answer.records if record.target))
        if names:
            return Names(Outcome.FOUND, names, answer.secure)
    return Names(Outcome.AGAIN if answer.status is Status.AGAIN else Outcome.MISSING)


def _tell(ctx: Context, text: str) -> None:
    trace = ctx.process.trace
    if trace is not None:
        trace.debug("host_lookup", text)


def names_of_address(ctx: Context, address: str) -> Names:
    """The verified names of `address`: each must have the address among its own."""
    claimed = Names(Outcome.MISSING)
    order = split_list(ctx.process.main.host_lookup_order.text)
    _tell(ctx, f"looking up host name for {address}")
    for method in order:
        if method == "byaddr":
            _tell(ctx, "IP address lookup using gethostbyaddr()")
        claimed = _claimed_names(ctx, address, method)
        if claimed.outcome is not Outcome.MISSING:
            break
    if claimed.outcome is Outcome.AGAIN:
        return Names(Outcome.AGAIN, why=f"host lookup for {address} deferred")
    if claimed.outcome is Outcome.MISSING:
        _tell(ctx, "IP address lookup failed: h_errno=1")
        return Names(Outcome.MISSING, why=f"no host name found for IP address {address}")
    good: list[str] = []
    bad: list[str] = []
    again = False
    secure = claimed.secure
    _tell(ctx, f'IP address lookup yielded "{claimed.names[0]}"')
    for name in claimed.names[1:]:
        _tell(ctx, f'  alias "{name}"')
    for name in claimed.names:
        _tell(ctx, f"checking addresses for {name}")
        forward = addresses_by_name(ctx, name)
        if address in forward.addresses:
            _tell(ctx, f"  {address} OK")
            good.append(name)
            secure = secure and forward.secure
        else:
            bad.append(name)
            again = again or forward.outcome is Outcome.AGAIN
    if good:
        return Names(Outcome.FOUND, tuple(good), secure, tuple(bad))
    if again:
        return Names(Outcome.AGAIN, (), False, tuple(bad), f"DNS lookup of {bad[0]} deferred")
    why = f"{address} does not match any IP address for {bad[0]}"
    return Names(Outcome.MISSING, (), False, tuple(bad), why)


def find_sender_host_name(ctx: Context) -> None:
    """Look up the client's name once and note it in the session: `sender_host_name`, aliases, DNSSEC, and whether the
    search failed or was deferred."""
    session = ctx.session
    if session.host_name_known is not None or not session.sender_host_address:
        return
    if session.sender_host_name:
        session.host_name_known = True
        return
    found = names_of_address(ctx, session.sender_host_address)
    if found.outcome is Outcome.FOUND:
        session.sender_host_name = found.names[0]
        session.sender_host_aliases = found.names[1:]
        session.sender_host_dnssec = found.secure
        session.host_name_known = True
        session.host_lookup_deferred = False
        return
    session.host_name_known = False
    session.host_lookup_deferred = found.outcome is Outcome.AGAIN
    if found.outcome is not Outcome.MISSING:
        return
    if found.unverified:
        session.notes["host_lookup_why"] = found.why
    elif ctx.process.log is not None and ctx.process.log.selectors.host_lookup_failed:
        ctx.process.log.main(found.why)
