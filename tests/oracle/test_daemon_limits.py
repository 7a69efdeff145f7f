"""What a running server lets in, side by side with an installed Exim. The cases are in `daemon_cases.py`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from . import daemon_cases
from .comparing import compare_outcome
from .transport_world import needs_exim

pytestmark = needs_exim
Both = dict[str, tuple[Future[list[str]], Future[list[str]]]]


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[Both]:
    """Of all cases that are asked for; most of a case is waiting, so some are held at the same time."""
    wanted = [each.callspec.params["name"] for each in request.session.items if each.path == request.path]  # type: ignore[attr-defined]
    with ThreadPoolExecutor(6) as beside:
        yield {
            name: (
                beside.submit(daemon_cases.CASES[name].outcome, "exim4"),
                beside.submit(daemon_cases.CASES[name].outcome, "ours"),
            )
            for name in wanted
        }


@pytest.mark.parametrize("name", daemon_cases.CASES)
def test_same(name: str, outcomes: Both) -> None:
    theirs, ours = (each.result() for each in outcomes[name])
    compare_outcome(theirs, ours, lambda: daemon_cases.CASES[name].outcome("exim4"))
