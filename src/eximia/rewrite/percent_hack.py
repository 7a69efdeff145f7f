"""The "percent hack": `user%domain@here` means `user@domain` (manual 14, `percent_hack_domains`).

Best avoided, says the manual, and so do we; but who has set it relies on it.
"""

from __future__ import annotations

from eximia.context import Context
from eximia.lists import match_domain


def reinterpreted(ctx: Context, address: str) -> str:
    """The address that is meant; `address` itself when the option does not apply to it. Raises Defer."""
    domains = ctx.process.main.percent_hack_domains
    if domains is None:
        return address
    while True:
        local_part, _, domain = address.rpartition("@")
        if "%" not in local_part or match_domain(domains, domain, ctx, "percent_hack_domains") is None:
            return address
        user, _, domain = local_part.rpartition("%")
        address = f"{user}@{domain}"
