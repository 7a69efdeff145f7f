"""When a retired worker ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from eximia.daemon.worker import Worker


class Loop:
    def __init__(self) -> None:
        self.stopped = False
        self.later: list[Any] = []

    def call_later(self, _: float, *call: Any) -> None:
        self.later.append(call)

    def stop(self) -> None:
        self.stopped = True


def test_it_waits_for_a_connection_that_it_has_just_accepted() -> None:
    worker = object.__new__(Worker)
    worker.loop = loop = Loop()  # type: ignore[assignment]
    worker.stop_at = worker.end_sessions = None
    listener = SimpleNamespace(attaching=True)
    worker.listeners = [listener]  # type: ignore[list-item]
    bridge: Any = SimpleNamespace(busy=0)
    worker.end_when_done(bridge)
    assert not loop.stopped
    assert loop.later
    listener.attaching = False
    worker.end_when_done(bridge)
    assert loop.stopped
