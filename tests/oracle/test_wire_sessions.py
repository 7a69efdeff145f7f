"""Messages kept as they came in chunks, side by side with an installed Exim. The cases are in `wire_cases.py`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from . import wire_cases
from .comparing import compare_held
from .session_world import Dialogue, compare, named
from .transport_world import needs_exim

pytestmark = needs_exim


@pytest.mark.parametrize("case", named(wire=wire_cases.CASES))
def test_same(case: Dialogue) -> None:
    compare(case)


@pytest.mark.parametrize("case", named(plain=wire_cases.PLAIN))
def test_same_as_plain(case: Dialogue) -> None:
    plain = replace(case, main=case.main.replace("spool_wireformat\n", ""))
    compare_held(lambda: plain.outcome("exim4"), lambda: case.outcome("ours"))
