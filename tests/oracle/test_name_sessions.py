"""Questions to the DNS, side by side with an installed Exim. The cases are in `condition_cases.py`."""

from __future__ import annotations

import pytest

from . import condition_cases
from .namespace import needs_namespace
from .session_world import Dialogue, compare, named

pytestmark = needs_namespace


@pytest.mark.parametrize("case", named(condition=condition_cases.NAMES))
def test_same(case: Dialogue) -> None:
    compare(case)
