"""The ipliteral router: domains such as `[192.0.2.1]` and `[IPv6:2001:db8::1]` (manual 18)."""

from __future__ import annotations

from eximia.context import Address, Context, Host
from eximia.routers.assign import assign
from eximia.routers.host_items import is_address
from eximia.routers.host_lookup import HostPolicy, ignored
from eximia.routers.local_host import is_local
from eximia.routers.result import Answer
from eximia.routers.router import Driver, RouteCall
from eximia.routers.self_option import apply_self


class Ipliteral(Driver):
    """No options of its own."""

    def route(self, ctx: Context, address: Address, call: RouteCall) -> Answer:
        domain = address.domain
        if not (domain.startswith("[") and domain.endswith("]")):
            return Answer.DECLINE
        literal = domain[1:-1]
        if literal[:5] in ("ipv6:", "ipv4:"):
            literal = literal[5:]
        if not is_address(literal):
            return Answer.DECLINE
        if ignored(ctx, literal, HostPolicy(ignore=self.router.options.ignore_target_hosts)):
            return Answer.DECLINE
        host = Host(domain, literal)
        if is_local(ctx, host):
            answer = apply_self(ctx, address, call, domain, by_mx=False)
            if answer is not None:
                return answer
        assign(ctx, address, self.router, call.mode)
        address.hosts = [host]
        return Answer.ACCEPT
