"""Authentication-Results: taken apart and made; nothing in a value ends it."""

from __future__ import annotations

import pytest

from eximia.mailauth.authres import AuthResError, Result, field, parse
from eximia.message.authres import comment, pvalue, value

HEAD = "Authentication-Results: "


def test_a_full_field() -> None:
    parsed = parse(
        f'{HEAD}(c) "mx 1" 1; (c(d\\)) e) dkim/1 = pass (good) reason="a \\"b\\"" header.i=@x.org\r\n\t'
        'header.b=ab/cd== (x); SPF=Fail smtp.mailfrom="a;b"@c.org policy . x = 1; none2=none'
    )
    assert (parsed.authserv_id, parsed.version) == ("mx 1", 1)
    first, second, third = parsed.results
    assert (first.method, first.result, first.reason, first.comment) == ("dkim", "pass", 'a "b"', "good")
    assert first.properties == {"header.i": "@x.org", "header.b": "ab/cd=="}
    assert (second.method, second.result) == ("spf", "fail")
    assert second.properties == {"smtp.mailfrom": '"a;b"@c.org', "policy.x": "1"}
    assert third.method == "none2"
    assert parse(f"{HEAD}example.org; none").results == ()


@pytest.mark.parametrize(
    "text",
    [
        "", "; spf=pass", "x.org", "x.org 2; none", "x.org; spf", "x.org; spf=", "x.org; =pass", "x.org; (open",
        'x.org; spf=pass reason="open', "x.org; spf=pass a.b", "x.org; spf=pass a.=c", "x.org; spf=pass; none",
        "x.org; spf=pass header.d=none;thehesiod.com; dmarc=none", "x.org; spf/x=pass", "spf=pass a.b=c",
    ],
)  # fmt: skip
def test_broken_fields(text: str) -> None:
    with pytest.raises(AuthResError):
        parse(HEAD + text)


def test_relaxed() -> None:
    parsed = parse(f"{HEAD}x.org; spf; dkim=pass header.d=a.b; oops=1=2; dmarc=fail", relaxed=True)
    assert [each.method for each in parsed.results] == ["dkim", "dmarc"]


def test_relaxed_without_an_authserv_id() -> None:
    parsed = parse(f"{HEAD}spf=pass (x) smtp.mailfrom=a.b; dkim=none;", relaxed=True)
    assert parsed.authserv_id == ""
    assert [(each.method, each.result) for each in parsed.results] == [("spf", "pass"), ("dkim", "none")]
    with pytest.raises(AuthResError):
        parse(HEAD, relaxed=True)


@pytest.mark.parametrize(
    "text",
    [
        "x.org; spf=pass;", "x.org; dkim=pass header.b=ab/cd", "x.org; dkim=pass header.b=ab=", "x/y; spf=pass",
        "x.org; iprev=pass policy.iprev=2001:db8::1", "x.org; spf=pass smtp.mailfrom=<a@b>", "x.org; tls=pass v=1",
        "x.org; spf=pass smtp.mailfrom=", "x.org; spf=pass smtp.a=b reason=c", "x.org; spf=pass reason=a@b",
        "x.org; spf=pass smtp.mailfrom=a@", "x.org; spf=pass smtp.mailfrom=a@b@c",
    ],
)  # fmt: skip
def test_strict(text: str) -> None:
    """Each is taken as many write it, but not to the letter of RFC 8601."""
    assert parse(HEAD + text).results
    with pytest.raises(AuthResError):
        parse(HEAD + text, strict=True)


def test_strict_takes_what_is_right() -> None:
    parsed = parse(
        f"{HEAD}foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) fail policy "
        "(A dot can go here) . (like that) expired (this surprised me) = (as I was not expecting it) 1362471462; "
        'spf=pass reason="x y" smtp.mailfrom="a b"@c.d smtp.helo=m.c.d; dkim=pass header.i=@c.d header.b="ab/="',
        strict=True,
    )
    assert [dict(each.properties) for each in parsed.results] == [
        {"policy.expired": "1362471462"},
        {"smtp.mailfrom": '"a b"@c.d', "smtp.helo": "m.c.d"},
        {"header.i": "@c.d", "header.b": "ab/="},
    ]


def test_arc_fields_begin_with_their_instance() -> None:
    parsed = parse("ARC-Authentication-Results: i=2; x.org; spf=pass")
    assert (parsed.authserv_id, parsed.results[0].method) == ("x.org", "spf")


def test_made_fields_read_back() -> None:
    nasty = 'x"; dkim=pass (\r\n) \\ y'
    made = field("mx.org", [Result("spf", "pass", properties={"smtp.mailfrom": nasty}, reason=nasty, comment=nasty)])
    assert "\r" not in made
    assert made.count("\n") == 1
    parsed = parse(made)
    assert len(parsed.results) == 1
    assert parsed.results[0].properties["smtp.mailfrom"] == nasty.replace("\r\n", "")
    assert parsed.results[0].reason == nasty.replace("\r\n", "")
    assert field("mx.org", []) == f"{HEAD}mx.org;\n\tnone"
    with pytest.raises(ValueError):
        field("mx.org", [Result("spf;", "pass")])


def test_values() -> None:
    assert value("example.org") == "example.org"
    assert value("") == '""'
    assert value("a b\x00") == '"a b"'
    assert pvalue("user+x/y@example.org") == "user+x/y@example.org"
    assert pvalue("a b@example.org") == '"a b@example.org"'
    assert pvalue("@example.org") == "@example.org"
    assert comment("a) b") == "(a\\) b)"
