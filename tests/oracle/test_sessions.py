"""Whole sessions with servers behind them, side by side with an installed Exim. The cases are in `*_cases.py`."""

from __future__ import annotations

import pytest

from . import cutthrough_cases, prdr_cases
from .session_world import Dialogue, compare, named
from .transport_world import needs_exim

pytestmark = needs_exim


@pytest.mark.parametrize("case", named(cutthrough=cutthrough_cases.CASES, prdr=prdr_cases.CASES))
def test_same(case: Dialogue) -> None:
    compare(case)
