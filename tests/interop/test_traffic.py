"""Mixed traffic through two servers, ours with ours and with Exim on either side; see `traffic`."""

from __future__ import annotations

import os
import shutil

import pytest

from interop.traffic import PAIRS, run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_nothing_is_lost_doubled_or_altered(first: str, second: str) -> None:
    if "exim4" in (first, second) and shutil.which("exim4") is None:
        pytest.skip("needs exim4")
    outcome = run(first, second, 100)
    assert outcome.faults == []
    assert outcome.deliveries == 350
    assert outcome.reports == 20
