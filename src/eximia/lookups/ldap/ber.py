"""The part of BER that LDAP uses (RFC 4511 section 5.1). No socket here."""

from __future__ import annotations

from collections.abc import Iterator

from eximia.base.errors import RemoteProtocolError

SEQUENCE = 0x30
SET = 0x31
OCTETS = 0x04
INTEGER = 0x02
ENUMERATED = 0x0A
BOOLEAN = 0x01
#: larger messages are refused
LARGEST = 1 << 24


def element(tag: int, content: bytes) -> bytes:
    """Tag, length, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A number that is not negative."""
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(data: bytes, tag: int = OCTETS) -> bytes:
    """An octet string."""
    return element(tag, data)


def header(data: bytes, offset: int) -> tuple[int, int, int] | None:
    """(tag, start of the content, its end) of the element at `offset`; None when more data are needed for that.
    Raises RemoteProtocolError."""
    if offset + 2 > len(data):
        return None
    tag, size = data[offset], data[offset + 1]
    start = offset + 2
    if size & 0x80:
        count = size & 0x7F
        if not 0 < count <= 4:
            raise RemoteProtocolError("bad length in LDAP message")
        if start + count > len(data):
            return None
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    if size > LARGEST:
        raise RemoteProtocolError("LDAP message is too large")
    return tag, start, start + size


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of the elements that `data` consists of. Raises RemoteProtocolError."""
    offset = 0
    while offset < len(data):
        found = header(data, offset)
        if found is None or found[2] > len(data):
            raise RemoteProtocolError("LDAP message is cut off")
        yield found[0], data[found[1] : found[2]]
        offset = found[2]
