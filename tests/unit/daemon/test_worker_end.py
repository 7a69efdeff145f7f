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

    def time(self) -> float:
        return 1.0

    def stop(self) -> None:
        self.stopped = True


def test_it_waits_for_a_connection_that_it_has_just_accepted() -> None:
    worker = object.__new__(Worker)
    worker.loop = loop = Loop()  # type: ignore[assignment]
    worker.stop_at = worker.end_sessions = worker.leave_all = None
    listener = SimpleNamespace(attaching=True)
    worker.listeners = [listener]  # type: ignore[list-item]
    bridge: Any = SimpleNamespace(busy=0)
    worker.end_when_done(bridge)
    assert not loop.stopped
    assert loop.later
    listener.attaching = False
    worker.end_when_done(bridge)
    assert loop.stopped


def test_deliveries_that_are_broken_off_give_back_their_turns() -> None:
    worker = object.__new__(Worker)
    worker.loop = loop = Loop()  # type: ignore[assignment]
    worker.stop_at = 0.0
    left: list[str] = []
    worker.leave_all = lambda: left.append("turns")
    bridge: Any = SimpleNamespace(busy=1, spawn=lambda function: function())
    worker.end_when_done(bridge)
    assert left == ["turns"]
    assert not loop.stopped
    (again,) = loop.later
    again[0](*again[1:])
    assert loop.stopped
    assert left == ["turns"]
