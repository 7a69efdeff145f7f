"""Domain names on the wire and as text (RFC 1035 3.1, 4.1.4), and the names of reverse lookups (RFC 3596).

Text is the presentation form without the final dot: a dot or backslash inside a label is escaped with a backslash,
bytes that are no printing ASCII are written as they are (text holds bytes). The root is the empty text.
"""

from __future__ import annotations

import socket

from eximia.base.errors import RemoteProtocolError

MAX_NAME = 255
MAX_LABEL = 63
#: A name of 255 bytes has at most 127 labels, so an honest chain of pointers is not longer than that.
MAX_POINTERS = 127


class MalformedMessage(RemoteProtocolError):
    """A DNS message breaks RFC 1035. The only exception that decoding raises."""


class BadName(ValueError):
    """A name cannot be put into a DNS message: empty label, label or name too long."""


def split_labels(name: str) -> list[bytes]:
    """The labels of `name` as bytes, escapes undone. Raises BadName."""
    if name in {"", "."}:
        return []
    try:
        data = name.encode("latin-1")
    except UnicodeEncodeError:
        data = name.encode("utf-8", "surrogateescape")
    if data.endswith(b".") and not data.endswith(b"\\."):
        data = data[:-1]
    labels = data.split(b".") if b"\\" not in data else _split_escaped(data)
    total = 1
    for label in labels:
        if not label:
            raise BadName(f"empty label in domain name {name!r}")
        if len(label) > MAX_LABEL:
            raise BadName(f"label longer than {MAX_LABEL} bytes in domain name {name!r}")
        total += len(label) + 1
    if total > MAX_NAME:
        raise BadName(f"domain name longer than {MAX_NAME} bytes: {name!r}")
    return labels


def _split_escaped(data: bytes) -> list[bytes]:
    labels: list[bytes] = []
    label = bytearray()
    position = 0
    while position < len(data):
        byte = data[position]
        position += 1
        if byte == 0x2E:
            labels.append(bytes(label))
            label.clear()
            continue
        if byte == 0x5C and position < len(data):
            digits = data[position : position + 3]
            if len(digits) == 3 and digits.isdigit():
                if int(digits) > 255:
                    raise BadName("escape above \\255 in a domain name")
                label.append(int(digits))
                position += 3
            else:
                label.append(data[position])
                position += 1
            continue
        label.append(byte)
    labels.append(bytes(label))
    return labels


def encode_name(name: str) -> bytes:
    """`name` as uncompressed labels. Raises BadName."""
    out = bytearray()
    for label in split_labels(name):
        out.append(len(label))
        out += label
    out.append(0)
    return bytes(out)


def label_text(label: bytes) -> str:
    """A label as text: dots and backslashes escaped, NUL as `\\000` so that it cannot end a C string elsewhere."""
    text = label.decode("latin-1")
    if "." in text or "\\" in text or "\0" in text:
        text = text.replace("\\", "\\\\").replace(".", "\\.").replace("\0", "\\000")
    return text


def read_name(message: bytes, offset: int) -> tuple[str, int]:
    """The name at `offset` and the offset after it. Pointers must go backwards. Raises MalformedMessage."""
    labels: list[str] = []
    after = -1
    pointers = 0
    total = 0
    size = len(message)
    limit = offset
    while True:
        if offset >= size:
            raise MalformedMessage("domain name runs past the end of the DNS message")
        length = message[offset]
        if length == 0:
            return ".".join(labels), (offset + 1 if after < 0 else after)
        if length < 0x40:
            end = offset + 1 + length
            if end > size:
                raise MalformedMessage("label runs past the end of the DNS message")
            total += length + 1
            if total >= MAX_NAME:
                raise MalformedMessage("domain name in DNS message is too long")
            labels.append(label_text(message[offset + 1 : end]))
            offset = end
        elif length >= 0xC0:
            if offset + 1 >= size:
                raise MalformedMessage("compression pointer runs past the end of the DNS message")
            if after < 0:
                after = offset + 2
            target = (length & 0x3F) << 8 | message[offset + 1]
            pointers += 1
            if target >= limit or pointers > MAX_POINTERS:
                raise MalformedMessage("compression pointer does not point backwards")
            limit = target
            offset = target
        else:
            raise MalformedMessage("unknown label type in DNS message")


def reverse_name(address: str) -> str | None:
    """The name to ask for the PTR of an IP address; None when `address` is no IP address."""
    try:
        packed = socket.inet_pton(socket.AF_INET, address)
    except (OSError, ValueError):
        packed = b""
    if packed:
        return ".".join(str(byte) for byte in reversed(packed)) + ".in-addr.arpa"
    try:
        packed = socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):
        return None
    return ".".join(reversed(packed.hex())) + ".ip6.arpa"
