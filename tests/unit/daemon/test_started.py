"""The daemon's first log line."""

import pytest

from eximia.daemon.invocation import Invocation, QueueRun
from eximia.daemon.started import periods


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], "no queue runs"),
        ([QueueRun(interval=1800)], "-q30m"),
        ([QueueRun(interval=300, two_stage=True, force=True)], "-qq5m"),
        ([QueueRun(interval=3600), QueueRun(interval=300)], "-q5m -q1h"),
        (
            [
                QueueRun(interval=600),
                QueueRun(interval=3600, name="b", two_stage=True),
                QueueRun(interval=60, name="a"),
            ],
            "-q10m -qGa/1m -qqGb/1h",
        ),
    ],
)
def test_periods(runs: list[QueueRun], expected: str) -> None:
    """As Exim 4.98.2 tells them."""
    call = Invocation()
    call.runs = runs
    assert periods(call) == expected
