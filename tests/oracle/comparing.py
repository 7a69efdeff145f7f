"""What we do beside what an installed Exim does."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

Held = Callable[[], list[str]]
#: times that Exim is asked for what it does
_ASKED = 3


def compare_held(theirs: Held, ours: Held, differs: Sequence[str] = ()) -> None:
    """Hold a case with both programs at the same time; they must come to the same, save the lines in `differs`."""
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(theirs)
        done = ours()
        compare_outcome(waiting.result(), done, theirs, differs)


def compare_outcome(first: list[str], ours: list[str], theirs: Held, differs: Sequence[str] = ()) -> None:
    """What we came to must be what Exim comes to. It does not always come to the same (what a busy second holds, which of
    two processes is first), so it is asked again when it differs from us: `ours` is not made anew, and has to be one of
    the ways of Exim."""
    seen = [first]
    while changed(seen[-1], ours) != list(differs):
        if len(seen) == _ASKED:
            pytest.fail("\n".join(difflib.unified_diff(first, ours, "exim4", "ours", lineterm="")), pytrace=False)
        seen.append(theirs())


def changed(theirs: Sequence[str], ours: Sequence[str]) -> list[str]:
    """The lines that only one of them has, marked as in a difference."""
    lines = list(difflib.unified_diff(theirs, ours, lineterm="", n=0))
    return [line for line in lines[2:] if not line.startswith("@@")]
