"""Ports by the names of their services (services(5)). Those of mail are known where a system has no list of services,
as in a small container."""

from __future__ import annotations

import socket
from functools import lru_cache

_KNOWN = {"smtp": 25, "lmtp": 24, "smtps": 465, "submissions": 465, "submission": 587}


@lru_cache(64)
def service_port(name: str) -> int | None:
    """The TCP port of a service, None when there is none of that name. A process asks the system once: that reads a
    file, and each delivery wants to know."""
    try:
        return socket.getservbyname(name, "tcp")
    except OSError:
        return _KNOWN.get(name) if not _has_list() else None


def _has_list() -> bool:
    try:
        socket.getservbyname("smtp", "tcp")
    except OSError:
        return False
    return True
