"""Whole sessions with servers behind them, side by side with an installed Exim. The cases are in `*_cases.py`."""

from __future__ import annotations

import pytest

from . import cutthrough_cases, prdr_cases
from .session_world import Dialogue, compare
from .transport_world import needs_exim

pytestmark = needs_exim

_FILES = {"cutthrough": cutthrough_cases.CASES, "prdr": prdr_cases.CASES}
_ALL = {f"{family}: {name}": case for family, cases in _FILES.items() for name, case in cases.items()}


@pytest.mark.parametrize("case", _ALL.values(), ids=_ALL.keys())
def test_same(case: Dialogue) -> None:
    compare(case)
