"""`smtp_backlog_monitor`: a log line when many connections wait to be accepted (manual 14). Linux only, as in Exim."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

#: where `struct tcp_info` has tcpi_unacked, which counts the waiting connections of a listening socket
_UNACKED = 24


def waiting(sock: socket.socket) -> int:
    """How many connections wait on a listening socket; 0 where the system does not tell."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _UNACKED + 4)
    except OSError:
        return 0
    return int(struct.unpack_from("=I", info, _UNACKED)[0]) if len(info) >= _UNACKED + 4 else 0


def monitor(limit: int, log: Callable[[str], None]) -> Callable[[socket.socket], None] | None:
    """What a listener calls before it accepts; None when nothing is to be watched."""
    if limit <= 0:
        return None

    def watch(sock: socket.socket) -> None:
        count = waiting(sock)
        if count > limit:
            address, port = sock.getsockname()[:2]
            log(f"listen backlog {count} I=[{address}]:{port}")

    return watch
