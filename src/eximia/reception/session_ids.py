"""Identifiers of connections (`$connection_id`, log selector `connection_id`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.message.ids import base62

if TYPE_CHECKING:
    from eximia.context import Process


def new_connection_id(process: Process) -> str:
    """Seconds, process id and a number within the process, in base 62: like a message id, and as unique."""
    number = process.caches.get("connections", 0) + 1
    process.caches["connections"] = number
    return f"{base62(int(process.ports.clock.time()), 6)}-{base62(process.pid, 6)}-{base62(number % 14776336, 4)}"
