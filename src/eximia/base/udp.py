"""One question and its answer over UDP. Blocks: policy runs it through `Ports.blocking`."""

from __future__ import annotations

import socket


def ask(address: str, port: int, data: bytes, timeout: float, limit: int = 65535) -> bytes:
    """Send `data` to an IP address and return what comes back. Raises OSError (TimeoutError when nothing comes)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect((address, port))
        sock.send(data)
        return sock.recv(limit)
