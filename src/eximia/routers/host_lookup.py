"""Finding the IP addresses of hosts, and hosts of MX and SRV records, for routing (manual 17, 20.6, 20.7).

Not the choice what to do about a failure, nor the test for this host: those belong to the routers.
"""

from __future__ import annotations

from enum import Enum
from random import shuffle
from typing import TYPE_CHECKING, Any

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.context import Context, Host, HostStatus
from eximia.dns import Status
from eximia.dns.hosts_file import HostsFile
from eximia.dns.lookup import lookup
from eximia.expand import expand
from eximia.lists import match_domain, match_host

from .host_items import is_address
from .result import RouterDefer

if TYPE_CHECKING:
    from eximia.dns import Answer

    from .router import Router


class Found(Enum):
    """What became of looking a host up."""

    ADDRESSES = "addresses"
    #: it exists, but all its addresses are to be ignored
    IGNORED = "ignored"
    NOT_FOUND = "not found"
    AGAIN = "again"
    #: DNSSEC was required and is missing
    INSECURE = "insecure"


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """How to look up: from the options of the router for this domain."""

    use_dns: bool = True
    use_hosts_file: bool = False
    ipv4_only: bool = False
    ipv4_prefer: bool = False
    #: host list of addresses that do not count
    ignore: Any = None
    dnssec_required: bool = False
    dnssec_requested: bool = False


@dataclass(slots=True)
class AddressesFound:
    """The addresses of one name, best first."""

    found: Found
    addresses: list[str]
    secure: bool | None = None
    #: the name at the end of the CNAME chain
    canonical: str = ""
    why: str = ""


def find_addresses(ctx: Context, name: str, policy: HostPolicy) -> AddressesFound:
    """Look `name` up in the DNS, and in the hosts file when that is wanted. An address is its own answer."""
    if is_address(name):
        if ignored(ctx, name, policy):
            return AddressesFound(Found.IGNORED, [])
        return AddressesFound(Found.ADDRESSES, [name])
    result = AddressesFound(Found.NOT_FOUND, [])
    if policy.use_dns:
        result = _from_dns(ctx, name, policy)
        if result.found is not Found.NOT_FOUND or not policy.use_hosts_file:
            return result
    if policy.use_hosts_file:
        addresses = _from_hosts_file(ctx, name, policy)
        if addresses:
            kept = [address for address in addresses if not ignored(ctx, address, policy)]
            return AddressesFound(Found.ADDRESSES if kept else Found.IGNORED, kept)
        if not policy.use_dns:
            return _from_dns(ctx, name, policy)
    return result


def _from_hosts_file(ctx: Context, name: str, policy: HostPolicy) -> list[str]:
    file: HostsFile | None = ctx.process.caches.get("hosts file")
    if file is None:
        file = ctx.process.caches["hosts file"] = HostsFile()
    addresses = list(file.addresses(name))
    if policy.ipv4_only or not _ipv6_wanted(ctx, name):
        addresses = [address for address in addresses if ":" not in address]
    addresses.sort(key=lambda address: (":" in address) is policy.ipv4_prefer)
    return addresses


def _ipv6_wanted(ctx: Context, name: str) -> bool:
    main = ctx.process.main
    if main.disable_ipv6:
        return False
    template = main.dns_ipv4_lookup
    return template is None or match_domain(template, name.lower(), ctx) is None


def _from_dns(ctx: Context, name: str, policy: HostPolicy) -> AddressesFound:
    types = ["A"]
    if not policy.ipv4_only and _ipv6_wanted(ctx, name):
        types = ["A", "AAAA"] if policy.ipv4_prefer else ["AAAA", "A"]
    addresses: list[str] = []
    some_ignored = again = insecure = False
    secure: bool | None = None
    canonical = why = ""
    for rtype in types:
        answer: Answer = lookup(ctx, name, rtype)
        if answer.status is Status.AGAIN:
            again = True
            why = answer.why
            continue
        if answer.status is not Status.FOUND:
            continue
        if policy.dnssec_required and not answer.secure:
            insecure = True
            continue
        if policy.dnssec_requested or policy.dnssec_required:
            secure = answer.secure if secure is None else secure and answer.secure
        canonical = answer.name
        group = [record.address for record in answer.records]
        shuffle(group)
        for address in group:
            if ignored(ctx, address, policy):
                some_ignored = True
            else:
                addresses.append(address)
    if addresses:
        return AddressesFound(Found.ADDRESSES, addresses, secure, canonical)
    if again:
        return AddressesFound(Found.AGAIN, [], why=why)
    if insecure:
        return AddressesFound(Found.INSECURE, [])
    return AddressesFound(Found.IGNORED if some_ignored else Found.NOT_FOUND, [])


def ignored(ctx: Context, address: str, policy: HostPolicy) -> bool:
    """True when `ignore_target_hosts` has the address; $host_address is set while it is looked at."""
    if policy.ignore is None:
        return False
    variables = ctx.address
    kept = variables.host_address
    variables.host_address = address
    try:
        return match_host(policy.ignore, ctx, address, "") is not None
    finally:
        variables.host_address = kept


def spread(host: Host, result: AddressesFound) -> list[Host]:
    """One `Host` for each address; the host itself, unusable, when there is none."""
    if result.found is Found.ADDRESSES:
        return [
            Host(
                host.name,
                address,
                host.port,
                host.mx,
                HostStatus.UNKNOWN,
                secure=result.secure,
                certificate_name=result.canonical if result.canonical.lower() != host.name.lower() else "",
                tls_required=host.tls_required,
                sort_key=host.sort_key,
            )
            for address in result.addresses
        ]
    host.status = HostStatus.UNUSABLE
    host.why = "failed" if result.found is Found.AGAIN else "no IP address"
    return [host]


def translated(ctx: Context, router: Router, hosts: list[Host]) -> list[Host]:
    """`translate_ip_address`: other addresses in place of those that were found (manual 15). Raises RouterDefer."""
    template = router.options.translate_ip_address
    assert template is not None
    variables = ctx.address
    kept = variables.host_address
    found: list[Host] = []
    try:
        for host in hosts:
            variables.host_address = host.address
            try:
                text = expand(template, ctx).strip()
            except ForcedFailure:
                found.append(host)
                continue
            except ExpansionError as error:
                raise RouterDefer(
                    f'{router.name} router: failed to expand "{template.text}": {error.message}'
                ) from None
            result = find_addresses(ctx, text, HostPolicy(use_dns=False, use_hosts_file=True))
            if result.found is not Found.ADDRESSES:
                raise RouterDefer(f'{router.name} router: failed to translate {host.address} to "{text}"')
            found += spread(host, result)
    finally:
        variables.host_address = kept
    return found


def valid_domain(name: str) -> bool:
    """False for names that cannot be asked of the DNS."""
    return bool(name) and len(name) <= 253 and all(0 < len(label) <= 63 for label in name.split("."))
