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
