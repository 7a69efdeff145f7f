"""Answers, pipes, mailboxes and limits, side by side with an installed Exim. The cases are in `store_cases.py`."""

from __future__ import annotations

import pytest

from . import store_cases
from .session_world import Dialogue, compare, named
from .transport_world import needs_exim

pytestmark = needs_exim


@pytest.mark.parametrize("case", named(store=store_cases.CASES))
def test_same(case: Dialogue) -> None:
    compare(case)
