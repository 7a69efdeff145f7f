"""Which addresses and ports the daemon listens on (manual chapter 13)."""

from __future__ import annotations

import socket

from eximia.base.dataclass import dataclass
from eximia.base.errors import ConfigError
from eximia.base.service_names import service_port
from eximia.config.values import split_list
from eximia.privileged.grant import Listener


class MalformedAddress(ConfigError):
    """An item that is no IP address. Exim tells of it in the main log, too, and not as of an error of the file."""

    def __init__(self, item: str) -> None:
        super().__init__(f'Malformed IP address "{item}"')


@dataclass(frozen=True, slots=True)
class Interfaces:
    """Two lists as they are written: ports or service names, and addresses with or without a port."""

    ports: tuple[str, ...]
    addresses: tuple[str, ...]
    #: where the addresses were written, for errors
    source: str = "local_interfaces"

    def override(self, setting: str) -> Interfaces:
        """-oX: items with a dot or colon take the place of the addresses, others that of the ports."""
        items = [each for each in split_list(setting) if each]
        addresses = tuple(each for each in items if "." in each or ":" in each)
        ports = tuple(each for each in items if "." not in each and ":" not in each)
        if not addresses:
            return Interfaces(ports, self.addresses, self.source)
        return Interfaces(ports or self.ports, addresses, "-oX data")

    def listeners(self, *, ipv6: bool = True) -> tuple[Listener, ...]:
        """Each address with each of its ports. Raises ConfigError."""
        found: dict[Listener, None] = {}
        numbers = [port_number(each) for each in self.ports]
        for item in self.addresses:
            try:
                address, port = split_port(item)
                address = canonical(address, item)
            except MalformedAddress as error:
                error.message += f" in {self.source}"
                raise
            if ":" in address and not ipv6:
                continue
            for number in [port] if port else numbers:
                found[Listener(address, number)] = None
        return tuple(found)


def split_port(item: str) -> tuple[str, int]:
    """`address.port` or `[address]:port`; port 0 when there is none. Raises ConfigError."""
    if item.startswith("["):
        address, bracket, port = item[1:].partition("]")
        if bracket and (not port or (port.startswith(":") and port[1:].isdigit())):
            return address, int(port[1:] or 0)
        raise MalformedAddress(item)
    if ":" in item:
        head, dot, tail = item.rpartition(".")
        # An IPv6 address may end in an IPv4 address: that has three dots more.
        if dot and tail.isdigit() and head.count(".") in (0, 3):
            return head, int(tail)
        return item, 0
    if item.count(".") == 4:
        head, _, tail = item.rpartition(".")
        if tail.isdigit():
            return head, int(tail)
    return item, 0


def canonical(address: str, item: str) -> str:
    """The address in its shortest form. Raises ConfigError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    plain, percent, scope = address.partition("%")
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, plain)) + percent + scope
    except OSError:
        raise MalformedAddress(item) from None


def port_number(name: str) -> int:
    """A port by number or service name. Raises ConfigError."""
    if name[:1].isdigit():
        if name.isdigit() and int(name) < 65536:
            return int(name)
        raise ConfigError(f"invalid SMTP port: {name}")
    port = service_port(name)
    if port is None:
        raise ConfigError(f'TCP port "{name}" not found')
    return port


def configured(ports: str, addresses: str, override: str | None, *, ipv6: bool) -> list[Listener]:
    """What to listen on, from the main options `daemon_smtp_ports` and `local_interfaces` and -oX.
    Raises ConfigError."""
    interfaces = Interfaces(
        tuple(each for each in split_list(ports or "smtp") if each),
        tuple(each for each in split_list(addresses or "<; ::0 ; 0.0.0.0") if each),
    )
    if override is not None:
        interfaces = interfaces.override(override)
    return list(interfaces.listeners(ipv6=ipv6))
