"""Typed contents of the DNS records that a mail server reads, one reader for each type.

Not here: how an answer is judged (`answer`), how it is sent (`aio`).
RFC 1035 (A, NS, CNAME, SOA, PTR, MX, TXT), 2782 (SRV), 3596 (AAAA), 6698 (TLSA), 4408 (SPF, type 99).
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from enum import IntEnum
from struct import Struct

from eximia.base.namedtuple import NamedTuple

from .names import MalformedMessage, read_name


class Type(IntEnum):
    """Record types. The member names are the words of dnsdb queries."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    OPT = 41
    TLSA = 52
    SPF = 99


class Address(NamedTuple):
    """A or AAAA."""

    address: str


class Name(NamedTuple):
    """NS, CNAME or PTR: a name."""

    target: str


class Mx(NamedTuple):
    """A mail exchanger."""

    preference: int
    exchange: str


class Txt(NamedTuple):
    """TXT or SPF: the character strings, not joined."""

    strings: tuple[bytes, ...]

    @property
    def joined(self) -> bytes:
        return b"".join(self.strings)


class Srv(NamedTuple):
    """A service."""

    priority: int
    weight: int
    port: int
    target: str


class Soa(NamedTuple):
    """Start of a zone."""

    mname: str
    rname: str
    serial: int
    refresh: int
    retry: int
    expire: int
    minimum: int


class Tlsa(NamedTuple):
    """A DANE association."""

    usage: int
    selector: int
    matching: int
    data: bytes


class Opaque(NamedTuple):
    """The bytes of a type that we do not read."""

    data: bytes


Content = Address | Name | Mx | Txt | Srv | Soa | Tlsa | Opaque


class Record(NamedTuple):
    """One resource record of class IN. `name` is lower-cased; the names in `content` keep their case."""

    name: str
    type: int
    ttl: int
    content: Content


_U16 = Struct("!H").unpack_from
_SRV = Struct("!HHH").unpack_from
_SOA = Struct("!IIIII").unpack_from


def _read_a(message: bytes, start: int, end: int) -> Content:
    if end - start != 4:
        raise MalformedMessage("A record is not four bytes long")
    return Address("{}.{}.{}.{}".format(*message[start:end]))


def _read_aaaa(message: bytes, start: int, end: int) -> Content:
    if end - start != 16:
        raise MalformedMessage("AAAA record is not sixteen bytes long")
    return Address(socket.inet_ntop(socket.AF_INET6, message[start:end]))


def _read_name(message: bytes, start: int, end: int) -> Content:
    name, after = read_name(message, start)
    if after != end:
        raise MalformedMessage("name does not fill its record")
    return Name(name)


def _read_mx(message: bytes, start: int, end: int) -> Content:
    if end - start < 3:
        raise MalformedMessage("MX record is too short")
    name, after = read_name(message, start + 2)
    if after != end:
        raise MalformedMessage("name does not fill its MX record")
    return Mx(_U16(message, start)[0], name)


def _read_txt(message: bytes, start: int, end: int) -> Content:
    strings: list[bytes] = []
    while start < end:
        after = start + 1 + message[start]
        if after > end:
            raise MalformedMessage("character string runs past the end of its TXT record")
        strings.append(message[start + 1 : after])
        start = after
    return Txt(tuple(strings))


def _read_srv(message: bytes, start: int, end: int) -> Content:
    if end - start < 7:
        raise MalformedMessage("SRV record is too short")
    name, after = read_name(message, start + 6)
    if after != end:
        raise MalformedMessage("name does not fill its SRV record")
    priority, weight, port = _SRV(message, start)
    return Srv(priority, weight, port, name)


def _read_soa(message: bytes, start: int, end: int) -> Content:
    mname, after = read_name(message, start)
    rname, after = read_name(message, after)
    if after + 20 != end:
        raise MalformedMessage("SOA record has the wrong length")
    return Soa(mname, rname, *_SOA(message, after))


def _read_tlsa(message: bytes, start: int, end: int) -> Content:
    if end - start < 3:
        raise MalformedMessage("TLSA record is too short")
    return Tlsa(message[start], message[start + 1], message[start + 2], message[start + 3 : end])


_READERS: dict[int, Callable[[bytes, int, int], Content]] = {
    Type.A: _read_a,
    Type.AAAA: _read_aaaa,
    Type.NS: _read_name,
    Type.CNAME: _read_name,
    Type.PTR: _read_name,
    Type.MX: _read_mx,
    Type.TXT: _read_txt,
    Type.SPF: _read_txt,
    Type.SRV: _read_srv,
    Type.SOA: _read_soa,
    Type.TLSA: _read_tlsa,
}


def read_content(message: bytes, type_: int, start: int, end: int) -> Content:
    """The content of a record whose data are `message[start:end]`. Raises MalformedMessage."""
    reader = _READERS.get(type_)
    if reader is None:
        return Opaque(message[start:end])
    return reader(message, start, end)
