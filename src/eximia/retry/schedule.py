"""When to try again (manual 32.7, 32.10, 32.11). Pure arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from random import random

from .rules import RetryRule


def next_interval(
    rule: RetryRule,
    failing_for: int,
    previous: int,
    maximum: int,
    chance: Callable[[], float] = random,
) -> int:
    """Seconds from now to the next attempt.

    `failing_for`: since the first failure; `previous`: the last interval, 0 at the first failure; `maximum`:
    retry_interval_max. After the last cutoff the last algorithm goes on. The rule must have steps.
    """
    for step in rule.steps:
        if failing_for < step.cutoff:
            break
    else:
        step = rule.steps[-1]
    if step.letter == "F" or previous <= 0:
        interval = step.interval
    elif step.letter == "G":
        interval = step.interval
        while interval <= previous:
            grown = interval * step.factor // 1000
            if grown <= interval or grown > maximum:
                interval = max(grown, interval)
                break
            interval = grown
    else:
        longest = max(previous * step.factor // 1000, step.interval)
        interval = step.interval + int(chance() * (longest - step.interval + 1))
    return min(interval, maximum)


def is_past(rule: RetryRule | None, failing_for: int) -> bool:
    """True when the last cutoff has been reached, or there is nothing to retry by."""
    return rule is None or failing_for >= rule.final_cutoff
