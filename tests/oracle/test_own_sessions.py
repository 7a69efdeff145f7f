"""What the program writes itself, side by side with an installed Exim. The cases are in `own_cases.py`."""

from __future__ import annotations

import pytest

from . import own_cases
from .session_world import Dialogue, compare, named
from .transport_world import needs_exim

pytestmark = needs_exim


@pytest.mark.parametrize("case", named(own=own_cases.CASES))
def test_same(case: Dialogue) -> None:
    compare(case)
