"""Which hosts an address goes to, in which order, with which port (manual 30.4, 20.5, 30.5)."""

from __future__ import annotations

import random
import socket
from typing import TYPE_CHECKING, Any

from eximia.base.errors import Defer, ExpansionError
from eximia.base.listtext import split_list
from eximia.base.service_names import service_port
from eximia.context.delivery import Errno, Host, HostStatus
from eximia.dns.hosts import Outcome, addresses_by_dns, addresses_by_name
from eximia.dns.interfaces import is_local_address
from eximia.lists import match_domain
from eximia.transports.strings import expand, expand_flag

from .failure import Failure, Fault

if TYPE_CHECKING:
    from eximia.base.template import Template
    from eximia.context import Context
    from eximia.context.delivery import Address


def hosts_for(ctx: Context, name: str, options: Any, address: Address) -> list[Host]:
    """The hosts of an address, looked up, in the order to try. `name` is the transport's. Raises Failure (stop)
    when there are none."""
    hosts = address.hosts
    if hosts and not (options.hosts is not None and options.hosts_override):
        if not address.randomized and not any(host.from_mx for host in hosts) and randomize(ctx, options):
            hosts = shuffled(hosts)
        return hosts
    if options.hosts is None:
        raise Failure(f"{name} transport called with no hosts set", Errno.UNKNOWN, Fault.LOCAL, panic=True, stop=True)
    try:
        text = expand(options.hosts, ctx)
    except ExpansionError as error:
        raise Failure(
            f'failed to expand list of hosts "{options.hosts.text}" in {name} transport: {error.message}',
            Errno.UNKNOWN,
            Fault.LOCAL,
            panic=type(error).__name__ != "LookupDefer",
            stop=True,
        ) from error
    hosts = read_host_list(text)
    if not hosts:
        raise Failure(f"{name} transport has empty hosts setting", Errno.UNKNOWN, Fault.LOCAL, panic=True, stop=True)
    if len(hosts) > 1 and randomize(ctx, options):
        hosts = shuffled(hosts)
    return resolved(ctx, name, options, hosts)


def randomize(ctx: Context, options: Any) -> bool:
    """`hosts_randomize`. Raises Failure."""
    try:
        return expand_flag(options.hosts_randomize, ctx, False)
    except ExpansionError as error:
        raise Failure(
            f"failed to expand hosts_randomize: {error.message}", Errno.UNKNOWN, Fault.LOCAL, panic=True, stop=True
        ) from error


def read_host_list(text: str) -> list[Host]:
    """A list of names and addresses with optional ports. Groups (`+`) are told apart by `sort_key`."""
    hosts = []
    group = 0
    for item in split_list(text):
        if not item:
            continue
        if item == "+":
            group += 1
            continue
        name, port = split_port(item)
        hosts.append(Host(name, name if is_address(name) else "", port, sort_key=group))
    return hosts


def split_port(item: str) -> tuple[str, int]:
    """`name`, `name:port`, `1.2.3.4:port`, `[address]:port` -> (name or address, port; 0: not given)."""
    if item.startswith("["):
        name, _, rest = item[1:].partition("]")
        port = rest.removeprefix(":")
        return name, int(port) if port.isdigit() else 0
    if item.count(":") == 1:
        name, _, port = item.partition(":")
        if port.isdigit():
            return name, int(port)
    return item, 0


def is_address(text: str) -> bool:
    """An IPv4 or IPv6 address, not a name."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text.partition("%")[0])
    except OSError:
        return False
    return True


def shuffled(hosts: list[Host]) -> list[Host]:
    """Random order within each group."""
    keys = {id(host): (host.sort_key, random.random()) for host in hosts}
    return sorted(hosts, key=lambda host: keys[id(host)])


def resolved(ctx: Context, name: str, options: Any, hosts: list[Host]) -> list[Host]:
    """Each name replaced by its addresses. A name that could not be looked up stays, marked unusable.
    Raises Failure when it is certain that a name has no address."""
    found = []
    for host in hosts:
        if host.address:
            found.append(host)
            continue
        addresses, again = addresses_of(ctx, options, host.name)
        if not addresses:
            if not again:
                raise Failure(
                    f"failed to lookup IP address for {host.name}",
                    Errno.UNKNOWN_HOST,
                    Fault.LOCAL,
                    stop=True,
                    log=False,
                )
            host.status = HostStatus.UNUSABLE
            host.why = "no IP address"
            found.append(host)
            continue
        found += [
            Host(host.name, address, host.port, status=host.status, secure=secure, sort_key=host.sort_key)
            for address, secure in addresses
        ]
    if not options.allow_localhost:
        for host in found:
            if host.address and is_ourselves(ctx, host):
                raise Failure(
                    f"{name} transport found host {host.name} to be local", Errno.HOST_IS_LOCAL, Fault.LOCAL, stop=True
                )
    return found


def addresses_of(ctx: Context, options: Any, name: str) -> tuple[list[tuple[str, bool]], bool]:
    """([(address, found securely)], true when a look-up should be repeated later)."""
    if options.gethostbyname:
        found = addresses_by_name(ctx, name)
    else:
        found = addresses_by_dns(
            ctx, name, qualify_single=options.dns_qualify_single, search_parents=options.dns_search_parents
        )
        required = options.dnssec_require_domains
        if found.addresses and not found.secure and required is not None and _listed(ctx, required, name):
            return [], True  # what is not signed now may be signed later, or was tampered with
    return [(address, found.secure) for address in found.addresses], found.outcome is Outcome.AGAIN


def _listed(ctx: Context, template: Template, name: str) -> bool:
    try:
        return match_domain(template, name, ctx) is not None
    except Defer:
        return True


def port_of(ctx: Context, name: str, options: Any) -> int:
    """The transport's port number. Raises Failure (stop)."""
    template = options.port
    text = template.text if template.constant else None
    if text is None:
        try:
            text = expand(template, ctx)
        except ExpansionError as error:
            raise Failure(
                f'failed to expand "{template.text}" ("port" option) for {name} transport: {error.message}',
                Errno.UNKNOWN,
                Fault.LOCAL,
                panic=True,
                stop=True,
            ) from error
    if text == "smtp" and options.protocol != "smtp":
        text = options.protocol
    if text[:1].isdigit():
        if text.isdigit():
            return int(text)
        raise Failure(
            f"invalid port number for {name} transport: {text}", Errno.UNKNOWN, Fault.LOCAL, panic=True, stop=True
        )
    port = service_port(text)
    if port is None:
        raise Failure(
            f'TCP port "{text}" is not defined for {name} transport', Errno.UNKNOWN, Fault.LOCAL, panic=True, stop=True
        )
    return port


def interface_for(ctx: Context, name: str, options: Any, host: Host) -> str:
    """Our address for a connection to `host`, "" to leave the choice to the system. Raises Failure (stop)."""
    template = options.interface
    if template is None:
        return ""
    try:
        text = expand(template, ctx)
    except ExpansionError as error:
        if type(error).__name__ == "ForcedFailure":
            return ""
        raise Failure(
            f'failed to expand "interface" option for {name} transport: {error.message}',
            Errno.UNKNOWN,
            Fault.LOCAL,
            panic=True,
            stop=True,
        ) from error
    wanted = ":" in host.address
    for item in split_list(text):
        if not is_address(item):
            raise Failure(
                f'"{item}" is not a valid IP address for the "interface" option for {name} transport',
                Errno.UNKNOWN,
                Fault.LOCAL,
                panic=True,
                stop=True,
            )
        if (":" in item) == wanted:
            return item
    return ""


def is_ourselves(ctx: Context, host: Host) -> bool:
    """The address is one of this machine's, or `hosts_treat_as_local` names the host (manual 30.4)."""
    return is_local_address(ctx, host.address)
