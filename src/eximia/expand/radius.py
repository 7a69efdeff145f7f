"""A Radius client (RFC 2865): Access-Request with PAP, for the condition `radius`.

The servers come from the client library's configuration file, as main option or site value `radius_config_file`:
lines `authserver host[:port]` and `servers file`, where the second file has `host secret` lines.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import struct
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import to_bytes

if TYPE_CHECKING:
    from eximia.context import Context

DEFAULT_CONFIG = "/etc/radiusclient/radiusclient.conf"
PORT = 1812
TIME_LIMIT = 10.0
_REQUEST, _ACCEPT = 1, 2
_USER_NAME, _USER_PASSWORD, _SERVICE_TYPE, _NAS_IDENTIFIER = 1, 2, 6, 32
_AUTHENTICATE_ONLY = 8


def hidden(password: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """The User-Password attribute's value (RFC 2865 section 5.2)."""
    padded = password + bytes(-len(password) % 16) or bytes(16)
    out = b""
    before = authenticator
    for start in range(0, len(padded), 16):
        mask = hashlib.md5(secret + before).digest()
        before = bytes(a ^ b for a, b in zip(padded[start : start + 16], mask, strict=True))
        out += before
    return out


def _attribute(kind: int, value: bytes) -> bytes:
    return bytes((kind, len(value) + 2)) + value


def request(identifier: int, authenticator: bytes, user: str, password: str, secret: bytes, nas: str) -> bytes:
    """An Access-Request packet."""
    body = (
        _attribute(_USER_NAME, to_bytes(user)[:253])
        + _attribute(_USER_PASSWORD, hidden(to_bytes(password)[:128], secret, authenticator))
        + _attribute(_SERVICE_TYPE, struct.pack(">I", _AUTHENTICATE_ONLY))
        + _attribute(_NAS_IDENTIFIER, to_bytes(nas)[:253] or b"exim")
    )
    return struct.pack(">BBH", _REQUEST, identifier, 20 + len(body)) + authenticator + body


def accepted(answer: bytes, identifier: int, authenticator: bytes, secret: bytes) -> bool | None:
    """Whether the server accepts; None for a packet that does not belong to our request or is forged."""
    if len(answer) < 20 or answer[1] != identifier:
        return None
    length = int.from_bytes(answer[2:4], "big")
    if not 20 <= length <= len(answer):
        return None
    expected = hashlib.md5(answer[:4] + authenticator + answer[20:length] + secret).digest()
    return answer[0] == _ACCEPT if secrets.compare_digest(expected, answer[4:20]) else None


def _lines(path: str) -> list[list[str]]:
    try:
        with open(path, encoding="latin-1") as file:
            return [words for line in file if (words := line.partition("#")[0].split())]
    except OSError as error:
        raise ExpansionError(f"RADIUS: can't open {path}: {os.strerror(error.errno or 0)}") from error


def _servers(path: str) -> list[tuple[str, int, bytes]]:
    """The servers with their secrets."""
    named: list[tuple[str, int]] = []
    secrets_file = "/etc/radiusclient/servers"
    for words in _lines(path):
        if words[0] == "authserver" and len(words) > 1:
            host, _, port = words[1].partition(":")
            named.append((host, int(port) if port.isdigit() else PORT))
        elif words[0] == "servers" and len(words) > 1:
            secrets_file = words[1]
    known = {words[0]: to_bytes(words[1]) for words in _lines(secrets_file) if len(words) > 1}
    return [(host, port, known[host]) for host, port in named if host in known]


def _ask(host: str, port: int, packet: bytes, secret: bytes) -> bool | None:
    """One server's answer; None when it gives none in time."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as link:
            link.settimeout(TIME_LIMIT)
            link.connect(address)
            for _ in range(3):
                link.send(packet)
                try:
                    answer = link.recv(4096)
                except TimeoutError:
                    continue
                outcome = accepted(answer, packet[1], packet[4:20], secret)
                if outcome is not None:
                    return outcome
    except OSError:
        return None
    return None


def _try_all(path: str, user: str, password: str, nas: str) -> bool:
    for host, port, secret in _servers(path):
        packet = request(secrets.randbelow(256), secrets.token_bytes(16), user, password, secret, nas)
        outcome = _ask(host, port, packet, secret)
        if outcome is not None:
            return outcome
    raise ExpansionError("RADIUS: no server answered")


def authenticate(ctx: Context, user: str, password: str) -> bool:
    """True when a server accepts the password. Raises ExpansionError when none can be asked."""
    path = getattr(ctx.process.site, "radius_config_file", "") or DEFAULT_CONFIG
    return ctx.process.ports.blocking(_try_all, path, user, password, ctx.process.primary_hostname)
