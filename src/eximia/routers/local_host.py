"""Is a host this host? (manual 13.8, hosts_treat_as_local)"""

from __future__ import annotations

from eximia.base.errors import Defer
from eximia.context import Context, Host
from eximia.dns.interfaces import is_local_address
from eximia.lists import match_domain


def is_local(ctx: Context, host: Host) -> bool:
    """True when the address or the name of `host` is ours. Raises Defer from the list."""
    if host.address and is_local_address(ctx, host.address):
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
