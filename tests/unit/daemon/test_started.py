"""The daemon's first log line, and its queue runs."""

from types import SimpleNamespace
from typing import Any

import pytest

from eximia.base.errors import ExpansionError
from eximia.daemon import started
from eximia.daemon.invocation import Invocation, QueueRun
from eximia.daemon.started import most_runs, periods


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


def test_a_limit_that_cannot_be_expanded_just_now_does_not_end_queue_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise ExpansionError("no such server")

    monkeypatch.setattr(started, "expand_int", fail)
    said: list[str] = []
    process: Any = SimpleNamespace(
        main=SimpleNamespace(queue_run_max=None), log=SimpleNamespace(panic=said.append), trace=None
    )
    monkeypatch.setattr(started, "Context", lambda _: None)
    assert most_runs(process) == 5
    assert said == ["Failed to expand queue_run_max: no such server"]
