"""The iplookup router: asks a host over TCP or UDP what an address should be (manual 19)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from eximia.base.errors import ExpansionError, NetworkError
from eximia.base.listtext import split_list
from eximia.base.template import Template
from eximia.base.text import from_bytes, to_bytes
from eximia.base.udp import ask
from eximia.context import Address, Context
from eximia.expand import expand
from eximia.message.address import AddressSyntaxError, parse_address
from eximia.routers.children import child_of
from eximia.routers.host_lookup import Found, HostPolicy, find_addresses
from eximia.routers.result import Answer, RouterDefer
from eximia.routers.router import Driver, RouteCall, Router

if TYPE_CHECKING:
    from eximia.routers.options.iplookup import IplookupOptions

_DEFAULT_QUERY = Template("$local_part@$domain $local_part@$domain")
_LONGEST = 256


class Iplookup(Driver):
    """See the module's docstring."""

    def __init__(self, router: Router) -> None:
        super().__init__(router)
        self.options = cast("IplookupOptions", router.options)

    def route(self, ctx: Context, address: Address, call: RouteCall) -> Answer:
        options = self.options
        name = self.router.name
        try:
            query = expand(options.query or _DEFAULT_QUERY, ctx)
        except ExpansionError as error:
            raise RouterDefer(f"{name} router failed to expand query: {error.message}") from None
        response = self._ask_hosts(ctx, to_bytes(query))
        if response is None:
            if options.optional:
                return Answer.PASS
            raise RouterDefer(f"{name} router: failed to get anything")
        text = from_bytes(response)
        if options.response_pattern:
            match = ctx.process.services.regexes.search(options.response_pattern, text)
            if match is None:
                return Answer.DECLINE
            numbers = tuple(match.group(number) or "" for number in range(match.groups + 1))
        else:
            numbers = (text,)
            if options.query is None:
                original = text.partition(" ")[2]
                if original.strip() != f"{address.local_part}@{address.domain}":
                    return Answer.DECLINE
        new = text.split(None, 1)[0] if text.split() else ""
        if options.reroute is not None:
            scope = ctx.scope
            kept = scope.numeric
            scope.numeric = (text, *numbers[1:])
            try:
                new = expand(options.reroute, ctx)
            except ExpansionError as error:
                raise RouterDefer(f"{name} router: failed to expand {options.reroute.text}: {error.message}") from None
            finally:
                scope.numeric = kept
        try:
            parsed = parse_address(new)
        except AddressSyntaxError:
            parsed = None
        if parsed is None or not parsed.domain:
            raise RouterDefer(f"{name} router: bad new address {new}")
        if parsed.address.lower() == address.address.lower():
            return Answer.PASS
        child = child_of(address, parsed.address)
        child.start_router = self.router.following
        call.children.append(child)
        return Answer.REROUTED

    def _ask_hosts(self, ctx: Context, query: bytes) -> bytes | None:
        """The answer of the first host that gives one."""
        for host in split_list(self.options.hosts or ""):
            found = find_addresses(ctx, host, HostPolicy(use_dns=False, use_hosts_file=True))
            if found.found is not Found.ADDRESSES:
                continue
            for address in found.addresses:
                answer = self._ask(ctx, address, query)
                if answer:
                    return answer
        return None

    def _ask(self, ctx: Context, address: str, query: bytes) -> bytes | None:
        options = self.options
        ports = ctx.process.ports
        try:
            if options.protocol == "tcp":
                stream = ports.net.connect(address, options.port, timeout=options.timeout)
                try:
                    stream.send(query)
                    return stream.recv(options.timeout)[:_LONGEST]
                finally:
                    stream.close()
            return ports.blocking(ask, address, options.port, query, float(options.timeout), _LONGEST)
        except (NetworkError, OSError):
            return None
