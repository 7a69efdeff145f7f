"""`queue_fast_ramp`: a run in two phases starts deliveries in its first phase (manual 14).

As soon as enough messages were routed to one host, the one just routed is delivered beside the run; the messages that
wait for the host follow it down the connection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

#: messages routed to a host before a delivery to it is started
THRESHOLD = 10


class Ramp:
    """Counts what the first phase routes. `start` begins the delivery of a message beside the run."""

    def __init__(self, start: Callable[[str], object]) -> None:
        self._start = start
        self._routed: Counter[tuple[str, str]] = Counter()
        self._due = False

    def note(self, transport: str, host: str) -> None:
        """An address of the message that is being tried was routed to `host`."""
        key = (transport, host)
        self._routed[key] += 1
        if self._routed[key] >= THRESHOLD:
            del self._routed[key]
            self._due = True

    def tried(self, message_id: str) -> None:
        """The attempt of the first phase is over, its lock given up."""
        if self._due:
            self._due = False
            self._start(message_id)
