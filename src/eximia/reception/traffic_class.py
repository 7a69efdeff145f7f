"""control=dscp: marking our packets of a connection (manual 44.24; RFC 2474)."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eximia.base.ports import Stream


def set_traffic_class(stream: Stream, value: int) -> None:
    """Give the packets this class from now on; not everything is a socket."""
    try:
        duplicate = socket.socket(fileno=os.dup(stream.fileno()))
    except OSError:
        return
    with duplicate:
        try:
            if duplicate.family == socket.AF_INET6:
                duplicate.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, value)
            else:
                duplicate.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, value)
        except OSError:
            return
