"""Is a host this host? (manual 13.8, hosts_treat_as_local)"""

from __future__ import annotations

from eximia.base.errors import Defer
from eximia.base.interfaces import interface_addresses
from eximia.base.listtext import split_list
from eximia.context import Context, Host
from eximia.expand import expand
from eximia.lists import match_domain

_KEEP = 60.0


def local_addresses(ctx: Context) -> frozenset[str]:
    """The addresses that count as this host's: of its interfaces, or of `local_interfaces` when that names some,
    and `extra_local_interfaces`. Kept for a minute."""
    process = ctx.process
    now = process.ports.clock.monotonic()
    kept: tuple[float, frozenset[str]] | None = process.caches.get("local addresses")
    if kept is not None and now - kept[0] < _KEEP:
        return kept[1]
    named: set[str] = set()
    wildcard = False
    main = process.main
    for template in (main.local_interfaces, main.extra_local_interfaces):
        if template is None:
            continue
        for item in split_list(expand(template, ctx)):
            address = _without_port(item)
            if address in ("0.0.0.0", "::0", "::"):
                wildcard = True
            else:
                named.add(address)
    found = frozenset(named)
    if wildcard or not main.local_interfaces:
        found |= interface_addresses()
    process.caches["local addresses"] = (now, found)
    return found


def _without_port(item: str) -> str:
    if item.startswith("["):
        return item[1:].partition("]")[0]
    if item.count(".") == 4 and ":" not in item:
        return item.rpartition(".")[0]
    return item


def is_local(ctx: Context, host: Host) -> bool:
    """True when the address or the name of `host` is ours. Raises Defer from the list."""
    if host.address and (host.address in local_addresses(ctx) or host.address.startswith("127.")):
        return True
    return is_local_name(ctx, host.name)


def is_local_name(ctx: Context, name: str) -> bool:
    """True when `hosts_treat_as_local` has `name`. Raises Defer."""
    treat = ctx.process.main.hosts_treat_as_local
    if treat is None:
        return False
    try:
        return match_domain(treat, name.lower(), ctx) is not None
    except Defer:
        return False
