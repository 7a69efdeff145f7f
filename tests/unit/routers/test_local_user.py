"""Looking up login names: `max_username_length`, `finduser_retries` (manual 14)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from eximia.config.main import MainOptions
from eximia.routers.local_user import find_user


class Clock:
    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def process(clock: Clock, **options: int) -> Any:
    return SimpleNamespace(main=MainOptions(**options), caches={}, ports=SimpleNamespace(clock=clock))


@pytest.mark.parametrize(("longest", "found"), [(0, True), (4, True), (3, False)])
def test_long_names_are_not_looked_up(longest: int, found: bool) -> None:
    assert (find_user(process(Clock(), max_username_length=longest), "root") is not None) is found


def test_a_name_that_is_not_found_is_tried_again() -> None:
    clock = Clock()
    assert find_user(process(clock, finduser_retries=2), "no.such") is None
    assert clock.slept == 2
    assert find_user(process(clock, finduser_retries=2), "root") is not None
    assert clock.slept == 2
