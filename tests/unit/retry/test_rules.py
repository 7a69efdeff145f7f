"""Retry rules: reading them, their errors in Exim's words, which one applies."""

from errno import ECONNREFUSED, EDQUOT, ETIMEDOUT

import pytest

from eximia.base.errors import ConfigError
from eximia.base.template import ONE_ITEM, Template
from eximia.retry.rules import CONNECTING, FROM_A, FROM_MX, find_rule, format_rule, parse_error, parse_rule


@pytest.mark.parametrize(
    "line, shown",
    [
        ("* * F,2h,15m; G,16h,1h,1.5; F,4d,6h", "*  *  F,2h,15m; G,16h,1h,1.5; F,4d,6h; "),
        ("* *", "*  *  "),
        ("* * F,1h,2m;", "*  *  F,1h,2m; "),
        ("* * f,1h,1m", "*  *  F,1h,1m; "),
        ("* * G,16h,1h,1.55555", "*  *  G,16h,1h,1.555; "),
        ('"a b" refused_mx F,1h,1m', "a b  refused_MX  F,1h,1m; "),
        ('* quota_3d senders="a@b : c" F,1h,1m', "*  quota_3d  F,1h,1m; "),
        ('* * senders = "a@b : c" F,1h,1m', "*  *  F,1h,1m; "),
    ],
)
def test_rules_are_read(line: str, shown: str) -> None:
    assert format_rule(parse_rule(line)) == shown


@pytest.mark.parametrize(
    "line, message",
    [
        ("*", "missing error type in retry rule"),
        ("* * F,2h", "comma expected"),
        ("* * F,2h ,1m", "comma expected"),
        ("* * sender=a F,2h,1m", "comma expected"),
        ("* * senders a F,2h,1m", '"=" expected after "senders" in retry rule'),
        ("* * X,2h,1m", "unknown retry rule letter"),
        ("* * F,xx,1m", "bad parameters for retry rule"),
        ("* * G,16h,1h,0.5", "bad parameters for retry rule"),
        ("* * F,0s,1m", "bad parameters for retry rule"),
        ("* * F,2h,15m G,1h", "semicolon expected"),
        ("* * F,1h,1m;;F,2h,1m", "comma expected"),
        ("* foo F,1h,1m", 'unknown or malformed retry error "foo"'),
        ("* quota_xx F,1h,1m", "bad time value"),
        ("* rcpt_4yx F,1h,1m", "rcpt_4 must be followed by xx, dx, or dd, where x is literal and d is any digit"),
        ("* timeout_foo F,1h,1m", '"A", "MX", or "connect" expected after "timeout"'),
        ("* refused_foo F,1h,1m", 'A or MX expected after "refused"'),
    ],
)
def test_wrong_rules(line: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_rule(line)
    assert caught.value.message == message


def test_old_name_is_told() -> None:
    told: list[str] = []
    assert parse_error("timeout_DNS", warn=told.append).name == "timeout"
    assert "no longer available" in told[0]


@pytest.mark.parametrize(
    "pattern, errno, more, matches",
    [
        ("*", 5, 0, True),
        ("refused", ECONNREFUSED, FROM_MX, True),
        ("refused_A", ECONNREFUSED, FROM_MX, False),
        ("refused_MX", ECONNREFUSED, FROM_A, False),
        ("refused_A", ECONNREFUSED, FROM_A, True),
        ("timeout", ETIMEDOUT, CONNECTING | FROM_A, True),
        ("timeout_connect", ETIMEDOUT, FROM_A, False),
        ("timeout_connect_MX", ETIMEDOUT, CONNECTING | FROM_MX, True),
        ("timeout_A", ETIMEDOUT, CONNECTING | FROM_A, True),
        ("rcpt_4xx", -44, 51 << 8, True),
        ("rcpt_45x", -44, 51 << 8, True),
        ("rcpt_45x", -44, 41 << 8, False),
        ("rcpt_451", -44, 52 << 8 | FROM_A, False),
        ("rcpt_452", -44, 52 << 8 | FROM_A, True),
        ("mail_4xx", -44, 51 << 8, False),
        ("quota", -22, 0, True),
        ("quota", EDQUOT, 0, True),
        ("quota_3d", -22, 2 * 86400, False),
        ("quota_3d", -22, 4 * 86400, True),
        ("lost_connection", -18, 0, True),
        ("tls_required", -37, 0, True),
    ],
)
def test_errors(pattern: str, errno: int, more: int, matches: bool) -> None:
    assert parse_error(pattern).matches(errno, more) is matches


def _matches(pattern: Template, subject: str) -> bool:
    text = pattern.text.removeprefix(ONE_ITEM)
    wanted = text if "@" in text else f"*@{text}"
    local, _, domain = wanted.partition("@")
    return subject.partition("@")[2] == domain and local in ("*", subject.partition("@")[0])


def test_first_rule_that_fits() -> None:
    rules = [
        parse_rule(line)
        for line in (
            "a.b quota F,1h,1m",
            "c@a.b * F,2h,1m",
            "s.t * senders=x@y F,4h,1m",
            "s.t * F,5h,1m",
            "d.e * F,6h,1m",
        )
    ]

    def cutoff(key: str, alternate: str = "", sender: str | None = None, errno: int = 0) -> int | None:
        rule = find_rule(rules, key, alternate, errno, 0, sender, _matches)
        return None if rule is None else rule.final_cutoff // 3600

    assert cutoff("c@a.b", errno=-22) == 1
    assert cutoff("c@a.b") == 2
    assert cutoff("d@a.b") is None
    assert cutoff("s.t") == 5
    assert cutoff("s.t", sender="x@y") == 4
    assert cutoff("mx.other", "d.e") == 6
