"""Telling the comsat daemon of new mail (manual 26.2 `notify_comsat`)."""

from __future__ import annotations

import socket


def notify(login: str, offset: int) -> None:
    """One datagram `user@offset` to the biff port of this host; nobody listening is no error."""
    try:
        port = socket.getservbyname("biff", "udp")
    except OSError:
        port = 512
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto(f"{login}@{offset}".encode("latin-1"), ("127.0.0.1", port))
        except OSError:
            return
