"""The written form of a list of hosts: names, addresses, ports, `/MX`, `+` (manual 20.4 to 20.6). Text only."""

from __future__ import annotations

import socket
from random import shuffle

from eximia.base.listtext import split_list
from eximia.base.namedtuple import NamedTuple


class HostItem(NamedTuple):
    """One item. `mx`: the name stands for its MX records."""

    name: str
    port: int = 0
    mx: bool = False


def is_address(text: str) -> bool:
    """True for an IPv4 or IPv6 address without brackets."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
            return True
        except (OSError, ValueError):
            continue
    return False


def read_host_items(text: str, *, randomize: bool = False) -> list[HostItem]:
    """The items in the order to try them. `+` divides groups that are shuffled separately."""
    groups: list[list[HostItem]] = [[]]
    for item in split_list(text):
        if item == "+":
            groups.append([])
        elif item:
            groups[-1].append(read_host_item(item))
    found: list[HostItem] = []
    for group in groups:
        if randomize:
            shuffle(group)
        found += group
    return found


def read_host_item(item: str) -> HostItem:
    """`name`, `name/MX`, `address`, `name:port`, `[address]:port`. What cannot be a port belongs to the name, and no
    host has that."""
    name, port = item, 0
    if item.startswith("["):
        inner, bracket, rest = item[1:].partition("]")
        if bracket and rest.startswith(":") and _is_port(rest[1:]):
            return HostItem(inner, int(rest[1:]))
    elif not is_address(item):
        before, colon, digits = item.rpartition(":")
        if colon and _is_port(digits) and ":" not in before:
            name, port = before, int(digits)
    if name[-3:].lower() == "/mx":
        return HostItem(name[:-3], port, mx=True)
    return HostItem(name, port)


def _is_port(digits: str) -> bool:
    return digits.isdigit() and len(digits) < 10 and int(digits) <= 65535
