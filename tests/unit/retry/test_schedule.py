"""When to try again."""

from eximia.retry.rules import parse_rule
from eximia.retry.schedule import is_past, next_interval

RULE = parse_rule("* * F,2h,15m; G,16h,1h,1.5; F,4d,6h")
DAY = 86400


def test_fixed_then_growing_then_fixed() -> None:
    assert next_interval(RULE, 0, 0, DAY) == 900
    assert next_interval(RULE, 7199, 900, DAY) == 900
    assert next_interval(RULE, 7200, 900, DAY) == 3600
    assert next_interval(RULE, 3 * 3600, 3600, DAY) == 5400
    assert next_interval(RULE, 5 * 3600, 5400, DAY) == 8100
    assert next_interval(RULE, 17 * 3600, 8100, DAY) == 6 * 3600


def test_growth_starts_from_the_time_since_the_last_failure() -> None:
    rule = parse_rule("* * F,3s,5s; G,1h,4s,1.5")
    assert [next_interval(rule, 10, previous, DAY) for previous in (0, 3, 4, 5, 6, 9)] == [4, 4, 6, 7, 9, 13]


def test_after_the_end_the_last_algorithm_goes_on() -> None:
    assert next_interval(RULE, 5 * DAY, 6 * 3600, DAY) == 6 * 3600
    assert is_past(RULE, 4 * DAY)
    assert not is_past(RULE, 4 * DAY - 1)
    assert is_past(None, 0)


def test_no_interval_is_longer_than_the_maximum() -> None:
    rule = parse_rule("* * G,30d,1h,4")
    assert next_interval(rule, DAY, 20 * 3600, DAY) == DAY
    assert next_interval(parse_rule("* * F,30d,3d"), 0, 0, DAY) == DAY


def test_randomised_intervals_stay_between_start_and_grown() -> None:
    rule = parse_rule("* * H,1d,10m,2")
    assert next_interval(rule, 60, 1200, DAY, lambda: 0.0) == 600
    assert next_interval(rule, 60, 1200, DAY, lambda: 0.999999) == 2400
    assert next_interval(rule, 0, 0, DAY) == 600
