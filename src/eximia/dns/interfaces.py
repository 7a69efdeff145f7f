"""Which IP addresses are this host's own (manual 13.8): `local_interfaces`, `extra_local_interfaces`, the system's."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from eximia.base.listtext import split_list
from eximia.base.namedtuple import NamedTuple

from .hosts import normal_address

if TYPE_CHECKING:
    from eximia.context import Context

#: How long the list is believed; interfaces come and go under a daemon.
LIFETIME = 60.0

#: all interfaces of a family in the options; as the address of a host, this host
_WILD = frozenset({"0.0.0.0", "::"})

_RTM_GETADDR = 22
_NLM_F_REQUEST_DUMP = 0x301
_NLMSG_DONE = 3
_NLMSG_ERROR = 2
_IFA_ADDRESS = 1
_IFA_LOCAL = 2


class _Kept(NamedTuple):
    until: float
    addresses: frozenset[str]


def system_addresses() -> frozenset[str]:
    """The addresses of all interfaces, as the kernel tells over netlink. Empty when it does not."""
    found: set[str] = set()
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
            netlink.settimeout(2)
            request = struct.pack("=IHHIIB3xi", 24, _RTM_GETADDR, _NLM_F_REQUEST_DUMP, 1, 0, socket.AF_UNSPEC, 0)
            netlink.send(request)
            while _read_answers(netlink.recv(65536), found):
                pass
    except OSError:
        return frozenset(found)
    return frozenset(found)


def _read_answers(data: bytes, found: set[str]) -> bool:
    """Add the addresses of one datagram; false when it was the last."""
    offset = 0
    while offset + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, offset)
        if kind in (_NLMSG_DONE, _NLMSG_ERROR) or length < 16:
            return False
        family = data[offset + 16]
        attribute = offset + 24
        values: dict[int, bytes] = {}
        while attribute + 4 <= offset + length:
            size, number = struct.unpack_from("=HH", data, attribute)
            if size < 4:
                break
            values[number] = data[attribute + 4 : attribute + size]
            attribute += (size + 3) & ~3
        packed = values.get(_IFA_LOCAL) or values.get(_IFA_ADDRESS)
        if packed and family in (socket.AF_INET, socket.AF_INET6):
            found.add(socket.inet_ntop(socket.AddressFamily(family), packed))
        offset += (length + 3) & ~3
    return True


def without_port(item: str) -> str:
    """The address of an item of `local_interfaces`: `addr`, `addr.port`, `[addr]:port` (manual 13.1)."""
    if item.startswith("["):
        return item[1:].partition("]")[0]
    if normal_address(item):
        return item
    return item.rpartition(".")[0]


def _configured(ctx: Context, text: str) -> frozenset[str]:
    found = {normal_address(without_port(item)) for item in split_list(text)}
    found.discard("")
    every = found & _WILD
    if every:
        found |= {address for address in system_addresses() if ("::" if ":" in address else "0.0.0.0") in every}
    return frozenset(found)


def local_addresses(ctx: Context) -> frozenset[str]:
    """All addresses that count as this host for routing."""
    process = ctx.process
    now = process.ports.clock.monotonic()
    kept = process.caches.get("dns.interfaces")
    if isinstance(kept, _Kept) and kept.until > now:
        return kept.addresses
    addresses: frozenset[str] = frozenset()
    main = process.main
    for number, option in enumerate((main.local_interfaces, main.extra_local_interfaces)):
        if option is not None:
            text = option.text if option.constant else process.services.expand(option.text, ctx)
            addresses |= _configured(ctx, text)
        elif number == 0:
            addresses |= system_addresses()
    process.caches["dns.interfaces"] = _Kept(now + LIFETIME, addresses)
    return addresses


def is_local_address(ctx: Context, address: str) -> bool:
    """Whether `address` belongs to this host."""
    normal = normal_address(address)
    return normal in _WILD or normal in local_addresses(ctx)
