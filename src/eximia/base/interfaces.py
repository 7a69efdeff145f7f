"""The IP addresses of this host's interfaces, as the system tells them (manual 13.8).

`local_interfaces` and `extra_local_interfaces` are added where the configuration is known.
"""

from __future__ import annotations

import fcntl
import socket
import struct

_SIOCGIFCONF = 0x8912
#: size of one `struct ifreq` on 64-bit Linux
_IFREQ = 40


def interface_addresses() -> frozenset[str]:
    """IPv4 and IPv6 addresses of all interfaces that are up, in their usual text form."""
    return frozenset(_ipv4()) | frozenset(_ipv6())


def _ipv4() -> set[str]:
    """By ioctl SIOCGIFCONF, which lists interfaces that have an IPv4 address."""
    size = 64 * _IFREQ
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        while True:
            buffer = bytearray(size)
            address = struct.pack("iL", size, _address_of(buffer))
            answer = fcntl.ioctl(sock.fileno(), _SIOCGIFCONF, address)
            used: int = struct.unpack("iL", answer)[0]
            if used < size:
                break
            size *= 2
    found = set()
    for at in range(0, used, _IFREQ):
        family = struct.unpack_from("H", buffer, at + 16)[0]
        if family == socket.AF_INET:
            found.add(socket.inet_ntoa(bytes(buffer[at + 20 : at + 24])))
    return found


def _address_of(buffer: bytearray) -> int:
    """Where the bytes of `buffer` are in memory."""
    import ctypes

    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def _ipv6() -> set[str]:
    """From /proc/net/if_inet6; none when the system has no IPv6."""
    found = set()
    try:
        with open("/proc/net/if_inet6", encoding="ascii") as file:
            for line in file:
                found.add(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(line.split(None, 1)[0])))
    except OSError:
        pass
    return found
