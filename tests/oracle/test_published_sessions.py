"""What published configurations do, side by side with an installed Exim. The cases are in `published_cases.py`,
`site_cases.py` and `kept_cases.py`."""

from __future__ import annotations

import pytest

from . import kept_cases, published_cases, site_cases
from .session_world import Dialogue, compare, named
from .transport_world import needs_exim

pytestmark = needs_exim


@pytest.mark.parametrize("case", named(published=published_cases.CASES, site=site_cases.CASES, kept=kept_cases.CASES))
def test_same(case: Dialogue) -> None:
    compare(case)
