"""Verification and callouts, side by side with an installed Exim. The cases are in `verify_cases.py`."""

from __future__ import annotations

import pytest

from . import verify_cases
from .session_world import Dialogue, compare, named
from .transport_world import needs_exim

pytestmark = needs_exim


@pytest.mark.parametrize("case", named(verify=verify_cases.CASES))
def test_same(case: Dialogue) -> None:
    compare(case)
