"""Values by kind: reading, Exim's words for what is wrong, printing (manual 6.12 to 6.19)."""

from __future__ import annotations

from typing import Any

import pytest

from eximia.base.errors import ConfigError
from eximia.base.options import Kind
from eximia.base.span import Span
from eximia.base.template import Template
from eximia.config.printing import show_value
from eximia.config.values import ValueReader, split_list

HERE = Span("/c", 1)


def read(kind: Kind, text: str) -> Any:
    return ValueReader(lambda template, main: "root").read(kind, "opt", text, HERE)


@pytest.mark.parametrize(
    ("kind", "text", "value", "shown"),
    [
        (Kind.INTEGER, "2048", 2048, "2048"),
        (Kind.INTEGER, "0x1fK", 31744, "31744"),
        (Kind.INTEGER, "-3k", -3072, "-3072"),
        (Kind.INTEGER, "010", 8, "8"),
        (Kind.KILO, "2048", 2048, "2K"),
        (Kind.KILO, "4M", 4 << 20, "4M"),
        (Kind.KILO, "3000", 3000, "3000"),
        (Kind.KIBI, "1536", 1536, "1536K"),
        (Kind.KIBI, "2048", 2048, "2M"),
        (Kind.KIBI, "1G", 1 << 20, "1G"),
        (Kind.OCTAL, "0711", 0o711, "0711"),
        (Kind.OCTAL, "2", 2, "02"),
        (Kind.FIXED, "3.25", 3250, "3.25"),
        (Kind.FIXED, "3.5678", 3567, "3.567"),
        (Kind.FIXED, "4", 4000, "4.0"),
        (Kind.TIME, "90m", 5400, "1h30m"),
        (Kind.TIME, "1w2d3h4m5s", 788645, "1w2d3h4m5s"),
        (Kind.TIME, "0s", 0, "0s"),
        (Kind.TIME_LIST, "4h : 8h:24h", (14400, 28800, 86400), "4h:8h:1d"),
        (Kind.TIME_LIST, "0s", (), ""),
        (Kind.STRING, '"a\\tb\\x41\\101\\"c\\q"', 'a\tbAA"cq', 'a\\tbAA"cq'),
        (Kind.STRING, "plain \\t", "plain \\t", "plain \\t"),
        (Kind.STRING, "\xe9", "\xe9", "\\351"),
        (Kind.UID_LIST, "$x", (0,), "root"),
        (Kind.GID, "0", 0, "root"),
    ],
)
def test_values(kind: Kind, text: str, value: Any, shown: str) -> None:
    found = read(kind, text)
    assert found == value
    assert show_value(kind, found) == shown


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (Kind.INTEGER, "abc", "integer expected for opt"),
        (Kind.INTEGER, "", "integer expected for opt"),
        (Kind.INTEGER, "10 x", "extra characters follow integer value for opt"),
        (Kind.INTEGER, "08", "extra characters follow integer value for opt"),
        (Kind.FIXED, "3.1x", "extra characters follow fixed-point value for opt"),
        (Kind.INTEGER, "5G", 'absolute value of integer "5G" is too large (overflow)'),
        (Kind.OCTAL, "9", "octal integer expected for opt"),
        (Kind.FIXED, "x", "fixed-point number expected for opt"),
        (Kind.FIXED, "-1", 'integer "-1" is too large (overflow)'),
        (Kind.TIME, "5", "invalid time value for opt"),
        (Kind.TIME, "5m3", "invalid time value for opt"),
        (Kind.TIME, "", "invalid time value for opt"),
        (Kind.TIME_LIST, "3h:1h", "time value out of order for opt"),
        (Kind.TIME_LIST, "1h:", "invalid time value for opt"),
        (Kind.TIME_LIST, ":".join(f"{hours}h" for hours in range(1, 12)), "too many time values for opt"),
        (Kind.BOOL, "maybe", '"maybe" is not a valid value for the "opt" option'),
        (Kind.BOOL, "0", '"" is not a valid value for the "opt" option'),
        (Kind.BOOL, "yes x", 'extra characters follow "yes" for boolean option opt'),
        (Kind.STRING, '"abc', "missing quote at end of string value for opt"),
        (Kind.STRING, '"abc" d', "extra characters follow string value for opt"),
        (Kind.UID, "no.such", "user no.such was not found"),
        (Kind.GID_LIST, "0:no.such", "group no.such was not found"),
    ],
)
def test_errors(kind: Kind, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(kind, text)
    assert caught.value.message == message


def test_booleans_may_be_expanded() -> None:
    assert read(Kind.EXPAND_BOOL, "No") is False
    value = read(Kind.EXPAND_BOOL, "${if eq{a}{b}}")
    assert isinstance(value, Template)


def test_lists_of_words() -> None:
    assert split_list("a : b::c :d: ") == ["a", "b:c", "d"]
    assert split_list("<; ::1 ; b") == ["::1", "b"]
    assert split_list(":") == []
