"""Which addresses share one run of a transport (manual 25 for local ones, 49.1 for remote ones)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.dataclass import fields, is_dataclass
from eximia.base.errors import ExpansionError
from eximia.base.template import Template, one_item
from eximia.context import Address, Batch, Host
from eximia.expand import expand
from eximia.lists import match_domain
from eximia.transports.engine import variables_of
from eximia.transports.strings import expand_flag, expand_number

from .outcomes import return_path_of

if TYPE_CHECKING:
    from .attempt import Attempt


def local_batches(attempt: Attempt, addresses: list[Address]) -> list[Batch]:
    """One batch an address, unless the transport has `batch_max`."""
    batches: list[Batch] = []
    left = list(addresses)
    while left:
        first = left.pop(0)
        batch = Batch(first.transport, [first], return_path_of(attempt, first))
        batches.append(batch)
        most = getattr(first.transport.options, "batch_max", 1)
        if most <= 1 or not left:
            continue
        references = _references(attempt, first.transport)
        if "local_part" in references:
            continue
        key = _local_key(attempt, first, by_domain="domain" in references)
        if key is None:
            continue
        rest: list[Address] = []
        for address in left:
            if len(batch.addresses) < most and address.transport is first.transport:
                if _local_key(attempt, address, by_domain="domain" in references) == key:
                    batch.addresses.append(address)
                    continue
            rest.append(address)
        left = rest
    return batches


def _references(attempt: Attempt, transport: Any) -> frozenset[str]:
    """Which of `$local_part` and `$domain` the options of a transport mention. Kept with the process."""
    cache: dict[str, frozenset[str]] = attempt.process.caches.setdefault("transport references", {})
    known = cache.get(transport.name)
    if known is None:
        found = set()
        for text in _texts(transport.options):
            if "$local_part" in text or "${local_part" in text:
                found.add("local_part")
            if "$domain" in text or "${domain" in text:
                found.add("domain")
        known = cache[transport.name] = frozenset(found)
    return known


def _texts(options: Any) -> list[str]:
    if is_dataclass(options):
        values = [getattr(options, field.name) for field in fields(options)]
    else:
        values = [getattr(options, one.field) for one in type(options).declared.values()]
    return [value.text for value in values if isinstance(value, Template) and not value.constant]


def _local_key(attempt: Attempt, address: Address, *, by_domain: bool) -> Any:
    """What must be the same for addresses of a batch; None when batching is off for this address."""
    batch_id = ""
    template = getattr(address.transport.options, "batch_id", None)
    if template is not None:
        variables = variables_of(Batch(address.transport, [address], return_path_of(attempt, address)))
        try:
            batch_id = expand(template, attempt.ctx.for_address(variables))
        except ExpansionError as error:
            where = f"batch_id option in {address.transport.name} transport ({address.address})"
            attempt.log.panic(f"Failed to expand {where}: {error.message}", attempt.message.id)
            return None
    return (
        address.kind,
        address.address if address.is_special else "",
        batch_id,
        address.domain if by_domain else "",
        return_path_of(attempt, address),
        tuple(address.headers_add),
        tuple(address.headers_remove),
        address.uid,
        address.gid,
        address.result_data,
        address.hosts[0].name if address.hosts else "",
    )


def remote_batches(attempt: Attempt, addresses: list[Address], *, falls_back: bool = False) -> list[Batch]:
    """Addresses for the same hosts in one batch, in the order of remote_sort_domains, at most max_rcpt together.
    `falls_back`: for the same fallback hosts."""
    if len(addresses) == 1:
        first = addresses[0]
        return [Batch(first.transport, [first], return_path_of(attempt, first), falls_back=falls_back)]
    ordered = _sorted(attempt, addresses)
    groups: dict[Any, Batch] = {}
    batches: list[Batch] = []
    for address in ordered:
        key = _remote_key(attempt, address, () if falls_back else _host_list(address.hosts))
        batch = groups.get(key)
        if batch is None or len(batch.addresses) >= _most(attempt, batch):
            batch = Batch(address.transport, [], return_path_of(attempt, address), falls_back=falls_back)
            groups[key] = batch
            batches.append(batch)
        batch.addresses.append(address)
    return batches


def _sorted(attempt: Attempt, addresses: list[Address]) -> list[Address]:
    """`remote_sort_domains`: those that match an earlier item first; otherwise the order stays."""
    template = attempt.process.main.remote_sort_domains
    if template is None:
        return addresses
    from eximia.base.listtext import split_list

    items = [one_item(item, template.span) for item in split_list(expand(template, attempt.ctx))]

    def rank(address: Address) -> int:
        for number, item in enumerate(items):
            if match_domain(item, address.domain, attempt.ctx) is not None:
                return number
        return len(items)

    return sorted(addresses, key=rank)


def _most(attempt: Attempt, batch: Batch) -> int:
    """`max_rcpt`, expanded for what is in the batch; a very large number when there is no limit."""
    if attempt.process.main.mua_wrapper:
        return 1 << 30
    value = getattr(batch.transport.options, "max_rcpt", 100)
    if type(value) is not int:
        try:
            constant = isinstance(value, Template) and value.constant
            ctx = attempt.ctx if constant else attempt.ctx.for_address(variables_of(batch))
            value = expand_number(value, ctx, 100)
        except ExpansionError:
            value = 1
    return value if value > 0 else 1 << 30


def _remote_key(attempt: Attempt, address: Address, hosts: Any) -> Any:
    transport = address.transport
    multi = getattr(transport.options, "multi_domain", True)
    if multi is not True:
        try:
            ctx = attempt.ctx.for_address(variables_of(Batch(transport, [address], return_path_of(attempt, address))))
            multi = expand_flag(multi, ctx, True)
        except ExpansionError:
            multi = False
    return (
        transport.name,
        "" if multi else address.domain,
        hosts,
        return_path_of(attempt, address),
        tuple(address.headers_add),
        tuple(address.headers_remove),
        address.self_hostname,
        address.uid,
        address.gid,
        address.dsn_lasthop,
        address.fallback_hosts,
    )


def _host_list(hosts: list[Host]) -> Any:
    """A value that is the same for lists which differ only in the order of hosts with equal MX preference."""
    if all(host.mx >= 0 for host in hosts):
        return tuple(sorted((host.mx, host.name.lower(), host.address, host.port) for host in hosts))
    return tuple((host.name.lower(), host.address, host.port) for host in hosts)
