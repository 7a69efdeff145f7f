"""ACL conditions, modifiers and controls, side by side with an installed Exim. The cases are in `condition_cases.py`."""

from __future__ import annotations

import pytest

from . import condition_cases
from .session_world import Dialogue, compare, named
from .transport_world import needs_exim

pytestmark = needs_exim


@pytest.mark.parametrize("case", named(condition=condition_cases.CONDITIONS))
def test_same(case: Dialogue) -> None:
    compare(case)
