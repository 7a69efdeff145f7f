"""Hosts, system filters and routers, side by side with an installed Exim. The cases are in `way_cases.py`."""

from __future__ import annotations

import pytest

from . import routing_cases, way_cases
from .session_world import Dialogue, compare, named
from .transport_world import needs_exim

pytestmark = needs_exim


@pytest.mark.parametrize(
    "case",
    named(
        way=way_cases.DELIVERIES | way_cases.MIXED | way_cases.DIFFERENT | way_cases.ROUTED,
        routing=routing_cases.CASES,
    ),
)
def test_same(case: Dialogue) -> None:
    compare(case)
