"""The PROXY protocol, versions 1 and 2, as a server reads it (the HAProxy project's proxy-protocol.txt).

Sans-IO: bytes in, `Proxied` out. What the addresses mean to a session is `reception.proxy`.
"""

from __future__ import annotations

import socket
import struct
from typing import Final

from eximia.base.dataclass import dataclass
from eximia.base.errors import RemoteProtocolError

SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
#: the longest line of version 1, with its end
LONGEST_LINE: Final = 107
#: what version 2 may carry behind the addresses (TLVs); more is taken for an attack
LONGEST_BLOCK: Final = 16384


@dataclass(frozen=True, slots=True)
class Proxied:
    """What the header says: the client's address and port, and those it connected to. `local`: the proxy speaks for
    itself (a health check, or UNKNOWN); then the addresses are empty."""

    source: str = ""
    source_port: int = 0
    destination: str = ""
    destination_port: int = 0
    local: bool = False


class ProxyReader:
    """Feed bytes until `feed` returns a `Proxied`; `rest` is what follows the header."""

    __slots__ = ("_buffer", "rest")

    def __init__(self) -> None:
        self._buffer = b""
        self.rest = b""

    def feed(self, data: bytes) -> Proxied | None:
        """Take bytes; the header when it is complete. Raises RemoteProtocolError."""
        buffer = self._buffer = self._buffer + data
        size = min(len(buffer), len(SIGNATURE))
        if buffer[:size] == SIGNATURE[:size]:
            return self._version_2(buffer) if len(buffer) >= 16 else None
        size = min(len(buffer), 6)
        if buffer[:size] == b"PROXY "[:size]:
            return self._version_1(buffer)
        raise RemoteProtocolError("no PROXY header")

    def _version_1(self, buffer: bytes) -> Proxied | None:
        end = buffer.find(b"\r\n", 0, LONGEST_LINE)
        if end < 0:
            if len(buffer) >= LONGEST_LINE:
                raise RemoteProtocolError("PROXY line is too long")
            return None
        self.rest = buffer[end + 2 :]
        words = buffer[:end].decode("latin-1").split(" ")
        if words[1] == "UNKNOWN":
            return Proxied(local=True)
        if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
            raise RemoteProtocolError("malformed PROXY line")
        family = socket.AF_INET if words[1] == "TCP4" else socket.AF_INET6
        return Proxied(_address(family, words[2]), _port(words[4]), _address(family, words[3]), _port(words[5]))

    def _version_2(self, buffer: bytes) -> Proxied | None:
        command, family, length = struct.unpack_from("!BBH", buffer, 12)
        if command >> 4 != 2 or length > LONGEST_BLOCK:
            raise RemoteProtocolError("unsupported PROXY version or length")
        if len(buffer) < 16 + length:
            return None
        block = buffer[16 : 16 + length]
        self.rest = buffer[16 + length :]
        if command & 15 == 0:
            return Proxied(local=True)
        if command & 15 != 1:
            raise RemoteProtocolError("unsupported PROXY command")
        if family == 0x11 and length >= 12:
            source, destination, ports = block[:4], block[4:8], block[8:12]
            kind = socket.AF_INET
        elif family == 0x21 and length >= 36:
            source, destination, ports = block[:16], block[16:32], block[32:36]
            kind = socket.AF_INET6
        elif family == 0:
            return Proxied(local=True)
        else:
            raise RemoteProtocolError("unsupported PROXY address family")
        source_port, destination_port = struct.unpack("!HH", ports)
        return Proxied(
            socket.inet_ntop(kind, source), source_port, socket.inet_ntop(kind, destination), destination_port
        )


def _address(family: int, text: str) -> str:
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text))
    except (OSError, ValueError):
        raise RemoteProtocolError("malformed address in PROXY line") from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 65536):
        raise RemoteProtocolError("malformed port in PROXY line")
    return int(text)
