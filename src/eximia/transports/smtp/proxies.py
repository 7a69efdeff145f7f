"""Connections through SOCKS proxies (manual 59.2)."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError, NetworkError, RemoteProtocolError
from eximia.base.listtext import split_list
from eximia.context.delivery import Errno
from eximia.protocols.socks import Socks5Client
from eximia.transports.strings import expand

from .failure import Failure, Fault

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy of `socks_proxy`."""

    address: str
    auth: str = "none"
    name: str = ""
    password: str = ""
    port: int = 1080
    timeout: int = 5
    priority: int = 1
    weight: int = 1


def read_proxies(text: str) -> list[Proxy]:
    """The list of an expanded `socks_proxy`. Raises Failure for an option that is not known."""
    proxies = []
    for item in split_list(text):
        words = split_list(item, " ")
        if not words:
            continue
        settings: dict[str, Any] = {}
        for word in words[1:]:
            name, _, value = word.partition("=")
            field = _FIELDS.get(name)
            if field is None:
                raise Failure(f"socks_proxy: bad option '{word}'", Errno.UNKNOWN, Fault.LOCAL, panic=True)
            settings[field] = value if field in ("auth", "name", "password") else _number(value)
        proxies.append(Proxy(words[0], **settings))
    return proxies


_FIELDS = {
    "auth": "auth",
    "name": "name",
    "pass": "password",
    "port": "port",
    "tmo": "timeout",
    "pri": "priority",
    "weight": "weight",
}


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def in_order(proxies: list[Proxy]) -> list[Proxy]:
    """Higher priority first; within one, at random by weight."""
    left = list(proxies)
    ordered = []
    while left:
        top = max(proxy.priority for proxy in left)
        group = [proxy for proxy in left if proxy.priority == top]
        weights = [max(0, proxy.weight) for proxy in group]
        chosen = random.choices(group, weights)[0] if sum(weights) else random.choice(group)
        ordered.append(chosen)
        left.remove(chosen)
    return ordered


def connect_by_proxy(
    ctx: Context, options: Any, address: str, port: int, interface: str
) -> tuple[Stream, tuple[str, int]]:
    """A stream to the host through the first proxy that works, and which proxy that was (none when the option
    expands to nothing). Raises NetworkError, Failure."""
    try:
        text = expand(options.socks_proxy, ctx)
    except ExpansionError as error:
        why = f"Bad expansion for socks_proxy in {ctx.address.transport_name}: {error.message}"
        raise Failure(why, Errno.UNKNOWN, Fault.LOCAL, panic=True) from error
    net = ctx.process.ports.net
    proxies = read_proxies(text)
    if not proxies:
        return net.connect(address, port, timeout=options.connect_timeout, interface=interface), ("", 0)
    last = NetworkError("no proxy could be reached", 111)
    for proxy in in_order(proxies):
        try:
            stream = net.connect(proxy.address, proxy.port, timeout=proxy.timeout, interface=interface)
        except NetworkError as error:
            last = error
            continue
        try:
            _negotiate(stream, proxy, address, port)
        except NetworkError as error:
            stream.abort()
            last = error
            continue
        except RemoteProtocolError as error:
            stream.abort()
            last = NetworkError(error.message, 111)
            continue
        return stream, (proxy.address, proxy.port)
    raise last


def _negotiate(stream: Stream, proxy: Proxy, address: str, port: int) -> None:
    machine = Socks5Client(address, port, proxy.name if proxy.auth == "name" else None, proxy.password)
    stream.send(machine.start())
    while not machine.connected:
        data = stream.recv(proxy.timeout)
        if not data:
            raise NetworkError("proxy closed the connection", 104)
        answer = machine.receive(data)
        if answer:
            stream.send(answer)
    if machine.trailing:
        stream.unread(machine.trailing)
