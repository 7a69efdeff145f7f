"""QT= of log lines: with and without the time that reception took (log selector queue_time_exclusive)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from eximia.context import Message
from eximia.delivery.outcomes import time_in_queue


@pytest.mark.parametrize(("exclusive", "seconds"), [(True, 7.0), (False, 10.0)])
def test_time_in_queue(exclusive: bool, seconds: float) -> None:
    clock = SimpleNamespace(time=lambda: 110.0)
    attempt: Any = SimpleNamespace(
        message=Message(received_time=100.0, received_took=3.0),
        log=SimpleNamespace(selectors=SimpleNamespace(queue_time_exclusive=exclusive)),
        process=SimpleNamespace(ports=SimpleNamespace(clock=clock)),
    )
    assert time_in_queue(attempt) == seconds
