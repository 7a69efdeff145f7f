"""The hosts that take a domain's mail: SRV, MX, or address records (manual 17; RFC 5321 5.1, RFC 2782, RFC 7505)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass, field, replace
from eximia.context import Context, Host, HostStatus
from eximia.dns import Status
from eximia.dns.lookup import lookup
from eximia.dns.order import order_mx, order_srv

from .host_items import is_address
from .host_lookup import AddressesFound, Found, HostPolicy, find_addresses, ignored, spread
from .local_host import is_local, is_local_name

if TYPE_CHECKING:
    from eximia.dns import Answer


#: why a host of an MX record is unusable that is an address (`allow_mx_to_ip`)
_LITERAL = "an IP address"


class MxOutcome(Enum):
    """What was found for a domain."""

    HOSTS = "hosts"
    #: the best host is this one; `hosts` are all of the best preference
    LOCAL = "local"
    #: the domain takes no mail
    NO_SERVICE = "no service"
    #: MX records exist, none of their hosts does (or all are ignored)
    DEAD = "dead"
    NOT_FOUND = "not found"
    #: it has addresses only, and mx_domains wants a record
    NO_RECORD = "no record"
    IGNORED = "ignored"
    AGAIN = "again"
    INSECURE = "insecure"


@dataclass(slots=True)
class MxFound:
    """The hosts in the order to try them. `secondary`: this host was among them and was removed."""

    outcome: MxOutcome
    hosts: list[Host] = field(default_factory=list)
    text: str = ""
    secondary: bool = False
    #: an MX or SRV record named the hosts
    from_record: bool = False
    #: LOCAL: what the name of this host is in the list
    local_name: str = ""
    #: the first host that a record named, found or not; or the domain, when there is no record
    first: str = ""


@dataclass(frozen=True, slots=True)
class MxPolicy:
    """What the options say for this domain."""

    addresses: HostPolicy
    #: SRV services to ask for, "" items none
    services: tuple[str, ...] = ()
    srv_failure_is_none: bool = False
    mx_failure_is_none: bool = False
    #: mx_domains: address records do not do
    record_required: bool = False


def find_mx(ctx: Context, domain: str, policy: MxPolicy) -> MxFound:
    """Look up the hosts of `domain`."""
    for service in policy.services:
        answer: Answer = lookup(ctx, f"_{service}._tcp.{domain}", "SRV")
        if answer.status is Status.FOUND and not _insecure(answer, policy):
            hosts = [
                Host(
                    record.target,
                    port=record.port,
                    mx=record.priority,
                    secure=answer.secure,
                    tls_required=service.endswith("-tls"),
                )
                for record in order_srv(answer.records)
            ]
            return _resolve(ctx, hosts, policy, answer.secure)
        if answer.status is Status.AGAIN and not policy.srv_failure_is_none:
            return MxFound(MxOutcome.AGAIN, text=answer.why, first=domain)
    answer = lookup(ctx, domain, "MX")
    if answer.status is Status.FOUND:
        if _insecure(answer, policy):
            return MxFound(MxOutcome.INSECURE)
        hosts = [Host(record.exchange, mx=record.preference) for record in order_mx(answer.records)]
        return _resolve(ctx, hosts, policy, answer.secure)
    if answer.status is Status.AGAIN and not policy.mx_failure_is_none:
        return MxFound(MxOutcome.AGAIN, text=answer.why, first=domain)
    if answer.status in (Status.FAIL, Status.NXDOMAIN):
        return MxFound(MxOutcome.NOT_FOUND, first=domain)
    return _by_address(ctx, domain, policy)


def _insecure(answer: Answer, policy: MxPolicy) -> bool:
    return policy.addresses.dnssec_required and not answer.secure


def _by_address(ctx: Context, domain: str, policy: MxPolicy) -> MxFound:
    result = find_addresses(ctx, domain, policy.addresses)
    if result.found is Found.ADDRESSES:
        if policy.record_required:
            return MxFound(MxOutcome.NO_RECORD, first=domain)
        hosts = spread(Host(domain), result)
        if any(is_local(ctx, host) for host in hosts):
            return MxFound(MxOutcome.LOCAL, hosts)
        return MxFound(MxOutcome.HOSTS, hosts)
    outcome = {
        Found.IGNORED: MxOutcome.IGNORED,
        Found.AGAIN: MxOutcome.AGAIN,
        Found.INSECURE: MxOutcome.INSECURE,
    }.get(result.found, MxOutcome.NOT_FOUND)
    return MxFound(outcome, text=result.why, first=domain)


def _resolve(ctx: Context, hosts: list[Host], policy: MxPolicy, secure: bool) -> MxFound:
    """Addresses of the hosts that records named; this host and what is worse than it removed."""
    address_policy = policy.addresses
    allow_ip = ctx.process.main.allow_mx_to_ip
    found: list[Host] = []
    seen: set[tuple[str, int]] = set()
    local_at: int | None = None
    local_name = ""
    again = False
    for host in hosts:
        # When we are among the best, `self` decides; `send` wants the whole list. Ignored hosts are as if not there.
        if local_at is not None and found and found[0].mx < local_at <= host.mx:
            continue
        if host.name in ("", "."):
            found.append(replace(host, name="", status=HostStatus.UNUSABLE))
            continue
        if local_at is None and is_local_name(ctx, host.name):
            local_at, local_name = host.mx, host.name
        if is_address(host.name):
            if not allow_ip:
                found.append(replace(host, status=HostStatus.UNUSABLE, why=_LITERAL))
                continue
            result = (
                AddressesFound(Found.IGNORED, [])
                if ignored(ctx, host.name, address_policy)
                else AddressesFound(Found.ADDRESSES, [host.name])
            )
        else:
            result = find_addresses(ctx, host.name, address_policy)
        if result.found is Found.ADDRESSES:
            if result.secure is not None and not secure:
                result.secure = False
            for one in spread(host, result):
                if is_local(ctx, one):
                    if local_at is None or one.mx < local_at:
                        local_at, local_name = one.mx, one.name
                if (one.address, one.port) not in seen:
                    seen.add((one.address, one.port))
                    found.append(one)
        elif result.found is Found.AGAIN:
            again = True
            found.append(replace(host, status=HostStatus.UNUSABLE, why="failed"))
        elif result.found is not Found.IGNORED:
            found.append(replace(host, status=HostStatus.UNUSABLE, why="no IP address"))
    if local_at is not None:
        if not found or local_at <= found[0].mx:
            return MxFound(MxOutcome.LOCAL, found, from_record=True, local_name=local_name)
        found = [host for host in found if host.mx < local_at]
    usable = any(host.status is not HostStatus.UNUSABLE for host in found)
    if usable:
        return MxFound(MxOutcome.HOSTS, found, secondary=local_at is not None, from_record=True)
    first = hosts[0].name.removesuffix(".")
    if again:
        return MxFound(MxOutcome.AGAIN, text="", first=first)
    if not first:
        return MxFound(MxOutcome.NO_SERVICE, text="an MX or SRV record indicated no SMTP service")
    text = "all relevant MX records point to non-existent hosts"
    if found and found[0].why == _LITERAL:
        text += " or (invalidly) to IP addresses"
    return MxFound(MxOutcome.DEAD, text=text, first=first)
