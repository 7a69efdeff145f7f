"""IP addresses as text: is it one, its port, its canonical form."""

from __future__ import annotations

import re
import socket

_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.|\Z)){4}\Z")


def is_ip_address(text: str) -> bool:
    """True for an IPv4 or IPv6 address."""
    if ":" in text:
        try:
            socket.inet_pton(socket.AF_INET6, text.partition("%")[0])
        except (OSError, ValueError):
            return False
        return True
    return _IPV4.match(text) is not None and not text.endswith(".")


def split_port(text: str) -> tuple[str, int]:
    """`10.9.8.7.1234`, `[10.9.8.7]:1234`, `fe80::1.1234` -> (address, port); port 0 when there is none."""
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        if not rest:
            return address, 0
        return (address, int(rest[1:])) if rest[0] == ":" and rest[1:].isdigit() else (text, 0)
    head, dot, last = text.rpartition(".")
    if dot and last.isdigit() and is_ip_address(head):
        return head, int(last)
    return text, 0


def canonical(text: str) -> str:
    """The form that is shown: IPv6 as eight full groups (manual 5, -bh)."""
    if ":" not in text:
        return text
    packed = socket.inet_pton(socket.AF_INET6, text.partition("%")[0])
    return ":".join(packed[at : at + 2].hex() for at in range(0, 16, 2))
