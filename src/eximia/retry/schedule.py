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

    `failing_for`: since the first failure; `previous`: since the last one, but at most the interval that it was given,
    so that attempts before their time (several at once, or forced) do not make the next one later; 0 at the first
    failure; `maximum`: retry_interval_max. After the last cutoff the last algorithm goes on. The rule must have steps.
    """
    for step in rule.steps:
        if failing_for < step.cutoff:
            break
    else:
        step = rule.steps[-1]
    if step.letter == "F" or previous <= 0:
        interval = step.interval
    elif step.letter == "G":
        interval = step.interval if previous < step.interval else previous * step.factor // 1000
    else:
        longest = max(previous * step.factor // 1000, step.interval)
        interval = step.interval + int(chance() * (longest - step.interval + 1))
    return min(interval, maximum)


def is_past(rule: RetryRule | None, failing_for: int) -> bool:
    """True when the last cutoff has been reached, or there is nothing to retry by."""
    return rule is None or failing_for >= rule.final_cutoff
