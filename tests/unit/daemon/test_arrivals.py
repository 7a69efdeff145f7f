"""Looking after the arrival log in a worker."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from eximia.daemon.arrivals import watch_arrivals


class End(BaseException):
    """The test has seen enough."""


def test_what_goes_wrong_once_does_not_end_it() -> None:
    """Messages that wait for their files would wait until the worker ends."""
    looks = iter([ValueError("odd"), OSError(5, "Input/output error"), []])
    said: list[str] = []
    filed: list[object] = []

    def overdue(_: float) -> list[object]:
        look = next(looks, None)
        if look is None:
            raise End
        if isinstance(look, Exception):
            raise look
        return [look]

    log: Any = SimpleNamespace(
        overdue=overdue, file_all=filed.append, unsettled=False, retry=lambda _: None, wants_spare=lambda _: False
    )
    clock = SimpleNamespace(sleep=lambda _: None, monotonic=lambda: 0.0)
    ports = SimpleNamespace(clock=clock, blocking=lambda function, *args: function(*args))
    with pytest.raises(End):
        watch_arrivals(SimpleNamespace(ports=ports, log=SimpleNamespace(panic=said.append)), log)  # type: ignore[arg-type]
    assert said == ["arrival log: ValueError: odd", "arrival log: Input/output error"]
    assert filed == [[[]]]
