"""Addresses: what Exim extracts, and its words when it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eximia.message.address import (
    AddressSyntaxError,
    Parsed,
    Syntax,
    addresses_in,
    parse_address,
    quote_local_part,
    unquote_local_part,
)

EVERYTHING = Syntax(allow_domain_literals=True, strip_trailing_dot=True, allow_utf8_domains=True)


@pytest.mark.parametrize(
    "text, address",
    [
        ("<a@b>", "a@b"),
        ("a@b", "a@b"),
        ("< a @ b >", "a@b"),
        ("<@x ,@y : a@b>", "a@b"),
        ("@x:a@b", "a@b"),
        ("<@a,:b@c>", "b@c"),
        ('<"a b".c@d>', '"a b".c@d'),
        ('<"a\\"b"@c>', '"a\\"b"@c'),
        ("<a(x).(y)c@b>", "a.c@b"),
        ("<a\\@x@c>", "a\\@x@c"),
        ("<a@b . c>", "a@b.c"),
        ("<.a..b.@c>", ".a..b.@c"),
        ('"Foo \\" x" <a@b>', "a@b"),
        ('Foo "b" c(x)<a@b>', "a@b"),
        ("a.b. <c@d>", "c@d"),
        ('"a"b <c@d>', "c@d"),
        ("(x(y)z)<a@b>", "a@b"),
        ("<a@(\\()b>", "a@b"),
        ("<a@b> (x", "a@b"),
        ("< (x) a@b (y) > (z)", "a@b"),
        ("=?x?<a@b>", "a@b"),
        ("<postmaster>", "postmaster"),
        ("(x)a", "a"),
        ("a\\", "a\\"),
        ("<\x80@c>", "\x80@c"),
        ('"a"', '"a"'),
        ("a@b--c-", "a@b--c-"),
        ("a(x", "a"),
    ],
)
def test_accepted(text: str, address: str) -> None:
    assert parse_address(text).address == address


@pytest.mark.parametrize(
    "text, message",
    [
        ("<>", "missing or malformed local part"),
        ("<a@b", "'>' missing at end of address"),
        ("<a@b(>", "'>' missing at end of address"),
        ("a@b>", "malformed address: > may not follow a@b"),
        ("<a@b>>", "malformed address: > may not follow <a@b>"),
        ("<<a@b>>", "missing or malformed local part"),
        ("<a@b c>", "malformed address: c> may not follow <a@b "),
        ("a b@c", 'missing or malformed local part (expected word or "<")'),
        ('"a" "b"', 'missing or malformed local part (expected word or "<")'),
        (">", 'missing or malformed local part (expected word or "<")'),
        (":", 'missing or malformed local part (expected word or "<")'),
        ('a "b <d@e>', 'unmatched doublequote in local part (expected word or "<")'),
        ('"b <d@e>', "unmatched doublequote in local part"),
        ("<a b@c>", '"@" or "." expected after "a"'),
        ('<a."b"c@d>', '"@" or "." expected after "a."b""'),
        ("a <b", '"@" or "." expected after "b"'),
        ("<@x@y:a@b>", "no local part"),
        ("<@x>", "no local part"),
        ("<@a,@b>", "colon expected after route list"),
        ("<@x:>", "missing or malformed local part"),
        ("<@a:b>", "domain missing in source-routed address"),
        ("<@>", "domain missing or malformed"),
        ("<a@>", "domain missing or malformed"),
        ("<a@b..c>", "domain missing or malformed"),
        ("<a@-b>", "domain missing or malformed"),
        ("<a@b.>", "domain missing or malformed"),
        ("<a@[1.2.3.4]>", "domain literals not allowed"),
        ("<a@b_c>", "malformed address: _c> may not follow <a@b"),
        ("<a@b> SIZE=3", "malformed address: SIZE=3 may not follow <a@b> "),
        ("<a@b>,<c@d>", "malformed address: ,<c@d> may not follow <a@b>"),
        ("a@b <c@d>", "malformed address: <c@d> may not follow a@b "),
        ("foo;<a@b>", "malformed address: ;<a@b> may not follow foo"),
        ("(a@b", "empty address"),
        ("", "empty address"),
        ("<" + "a" * 255 + "@b>", "address is ridiculously long: " + "a" * 64 + "..."),
        ("<@" + "x" * 300 + ":a@b>", "address is ridiculously long: a@b..."),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(AddressSyntaxError) as caught:
        parse_address(text)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "text, result",
    [
        ("<a@b.>", "a@b"),
        ("<a@b. >", "a@b"),
        ("<a@b..>", "!domain missing or malformed"),
        ("<a@[1.2.3.4]>", "a@[1.2.3.4]"),
        ("<a@[IPv6:::1]>", "a@[IPv6:::1]"),
        ("<a@[foo]>", "!malformed domain literal"),
        ("a@[foo]", "a@[foo]"),
        ("<@[1.2.3.4]:b@c>", "b@c"),
        ("a@[1.2.3.4].", "!malformed address: . may not follow a@[1.2.3.4]"),
        ("<a@\xc3\xa9.fr>", "a@\xc3\xa9.fr"),
        ("<a@\xc3.fr>", "!invalid UTF-8 byte sequence"),
        ("a@b.-c", "!malformed address: -c may not follow a@b."),
    ],
)
def test_with_every_option(text: str, result: str) -> None:
    if result.startswith("!"):
        with pytest.raises(AddressSyntaxError) as caught:
            parse_address(text, syntax=EVERYTHING)
        assert caught.value.message == result[1:]
    else:
        assert parse_address(text, syntax=EVERYTHING).address == result


def test_null_where_it_is_allowed() -> None:
    for text in ("<>", "< >", "<(x)>", "x <>", "<>(x)"):
        assert parse_address(text, allow_null=True).address == ""
    with pytest.raises(AddressSyntaxError, match="missing or malformed local part"):
        parse_address("<", allow_null=True)


def test_span_is_what_a_rewrite_replaces() -> None:
    text = "Foo <@x:a@b> (c)"
    parsed = parse_address(text)
    assert text[parsed.start : parsed.end] == "@x:a@b"


@pytest.mark.parametrize(
    "text, items",
    [
        ("grp: a@b; c@d", ["a@b"]),
        ("grp: a@b;, c@d", ["a@b", "c@d"]),
        ("grp:;, c@d", ["c@d"]),
        ("undisclosed:;", []),
        ("a@b; c@d", ["a@b; c@d"]),
        (",a@b,,c@d, ", ["a@b", "c@d"]),
        ("a@b, (c, d) e@f", ["a@b", "(c, d) e@f"]),
        ('"x, y" <a@b>, c@d', ['"x, y" <a@b>', "c@d"]),
        ("<a@b, c@d", ["<a@b, c@d"]),
        ("<@x,@y:a@b>, c@d", ["<@x,@y:a@b>", "c@d"]),
        ("@x,@y:a@b, c@d", ["@x,@y:a@b", "c@d"]),
        ("g1: a@b; , g2: c@d;", ["a@b", "c@d"]),
        ('"g:x" : a@b;', ["a@b"]),
        ("(x:y) a@b", ["(x:y) a@b"]),
        ("Foo: Bar <a@b>", ["Bar <a@b>"]),
        ("a@b,\n c@d", ["a@b", "c@d"]),
    ],
)
def test_list(text: str, items: list[str]) -> None:
    assert [text[start:end].strip() for start, end in addresses_in(text)] == items


def test_quoting() -> None:
    assert quote_local_part("a.b") == "a.b"
    assert quote_local_part('a "b') == '"a \\"b"'
    assert quote_local_part("") == '""'
    assert unquote_local_part('"a b".c') == "a b.c"


@given(st.text(alphabet='ab@<>,;:."\\() []\x80\xc3\xa9\x01', max_size=40))
def test_any_text_parses_or_is_refused(text: str) -> None:
    list(addresses_in(text))
    try:
        parsed = parse_address(text, allow_null=True, syntax=EVERYTHING)
    except AddressSyntaxError:
        return
    if parsed.domain and parsed.domain[0] != "[":
        assert parse_address(f"<{parsed.address}>", syntax=EVERYTHING).address == parsed.address


def test_excess_angle_brackets() -> None:
    strip = Syntax(strip_excess_angle_brackets=True)
    found = parse_address("x <<a@b>>", syntax=strip)
    assert found.address == "a@b"
    assert parse_address("<<< a@b>>>", syntax=strip).address == "a@b"
    for text, message in (
        ("<<a@b>", "'>' missing at end of address"),
        ("<a@b>>", "malformed address: > may not follow <a@b>"),
    ):
        with pytest.raises(AddressSyntaxError) as caught:
            parse_address(text, syntax=strip)
        assert caught.value.message == message
    with pytest.raises(AddressSyntaxError):
        parse_address("<<a@b>>")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [(" <a@b.ex>\n", 2, 8), ("\t a@b.ex \r\n", 2, 8), ("a@b.ex", 0, 6), (" x <a@b.ex>\n", 4, 10)],
)
def test_white_space_around_an_address(text: str, start: int, end: int) -> None:
    assert parse_address(text) == Parsed("a@b.ex", "a", "b.ex", start, end)
