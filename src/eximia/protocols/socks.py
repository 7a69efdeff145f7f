"""The client's side of SOCKS version 5 (RFC 1928, RFC 1929): CONNECT only, without a socket."""

from __future__ import annotations

import ipaddress

from eximia.base.errors import RemoteProtocolError

_FAILURES = {
    1: "general SOCKS server failure",
    2: "connection not allowed by ruleset",
    3: "Network unreachable",
    4: "Host unreachable",
    5: "Connection refused",
    6: "TTL expired",
    7: "Command not supported",
    8: "Address type not supported",
}


class Socks5Client:
    """Asks a proxy for a connection to an address. With `name` it authenticates by name and password.

    `receive` takes what the proxy sends and gives the next request, until `connected`. Raises RemoteProtocolError.
    """

    __slots__ = ("_address", "_buffer", "_name", "_password", "_port", "_state", "connected")

    def __init__(self, address: str, port: int, name: str | None = None, password: str = "") -> None:
        self._address = address
        self._port = port
        self._name = name
        self._password = password
        self._buffer = b""
        self._state = "method"
        self.connected = False

    def start(self) -> bytes:
        """The greeting: the one method that is offered."""
        return b"\x05\x01\x00" if self._name is None else b"\x05\x01\x02"

    @property
    def trailing(self) -> bytes:
        """What the host sent right behind the proxy's answer."""
        return self._buffer if self.connected else b""

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the proxy; the answer is what to send next."""
        self._buffer += data
        if self._state == "method":
            return self._method()
        if self._state == "auth":
            return self._authenticated()
        return self._connected()

    def _method(self) -> bytes:
        if len(self._buffer) < 2:
            return b""
        version, method = self._buffer[:2]
        self._buffer = self._buffer[2:]
        if version != 5 or method != (0 if self._name is None else 2):
            raise RemoteProtocolError("SOCKS proxy did not accept the authentication method")
        if self._name is None:
            return self._request()
        self._state = "auth"
        name, password = self._name.encode("latin-1"), self._password.encode("latin-1")
        return bytes((1, len(name) & 0xFF)) + name[:255] + bytes((len(password) & 0xFF,)) + password[:255]

    def _authenticated(self) -> bytes:
        if len(self._buffer) < 2:
            return b""
        version, status = self._buffer[:2]
        self._buffer = self._buffer[2:]
        if version != 1 or status != 0:
            raise RemoteProtocolError("SOCKS proxy refused name and password")
        return self._request()

    def _request(self) -> bytes:
        self._state = "connect"
        address = ipaddress.ip_address(self._address)
        kind = b"\x01" if address.version == 4 else b"\x04"
        return b"\x05\x01\x00" + kind + address.packed + self._port.to_bytes(2, "big")

    def _connected(self) -> bytes:
        if len(self._buffer) < 5:
            return b""
        version, status, _, kind, first = self._buffer[:5]
        if version != 5:
            raise RemoteProtocolError("SOCKS proxy answered nonsense")
        if status:
            raise RemoteProtocolError(f"SOCKS proxy: {_FAILURES.get(status, f'error {status}')}")
        size = {1: 4, 3: first + 1, 4: 16}.get(kind)
        if size is None:
            raise RemoteProtocolError("SOCKS proxy answered nonsense")
        end = 4 + size + 2
        if len(self._buffer) >= end:
            self._buffer = self._buffer[end:]
            self.connected = True
        return b""
