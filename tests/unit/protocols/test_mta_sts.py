"""MTA-STS records and policies as text, and the GET that fetches them (RFC 8461)."""

from __future__ import annotations

import pytest

from eximia.protocols.https_get import HttpError, get
from eximia.protocols.mta_sts import LONGEST_LIFE, PolicyError, StsPolicy, parse_policy, record_id

POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n"


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([b"v=STSv1; id=20160831085700Z;"], "20160831085700Z"),
        ([b"v=STSv1;id=a"], "a"),
        ([b"v=STSv1 ; foo=bar; id=1"], "1"),
        ([b"v=STSv1; id=20160831085700Z;", b"v=spf1 -all"], "20160831085700Z"),
        ([b"v=STSv1; id=1;", b"v=STSv1; id=2;"], None),
        ([b"v=STSv1"], None),
        ([b"v=STSv1; id=;"], None),
        ([b"v=STSv1; id=not-valid;"], None),
        ([b"v=STSv10; id=1"], None),
        ([b"v=STSv1; id=" + b"1" * 33], None),
        ([], None),
    ],
)
def test_the_record(texts: list[bytes], found: str | None) -> None:
    assert record_id(texts) == found


def test_a_policy() -> None:
    assert parse_policy(POLICY) == StsPolicy("enforce", ("mail.example.com", "*.example.net"), 604800)
    assert parse_policy(POLICY.replace("\r", "") + "future: field\n") == parse_policy(POLICY)
    assert parse_policy("version: STSv1\nmode: none\nmax_age: 9999999999").max_age == LONGEST_LIFE


@pytest.mark.parametrize(
    "text",
    [
        "",
        POLICY.replace("STSv1", "STSv2"),
        POLICY.replace("mode: enforce", "mode: strict"),
        POLICY.replace("max_age: 604800", "max_age: -1"),
        POLICY.replace("max_age: 604800", ""),
        POLICY.replace("mail.example.com", "mail example"),
        POLICY.replace("mail.example.com", "a.*.example"),
        "version: STSv1\nmode: testing\nmax_age: 1",
        POLICY + "no colon here",
        POLICY + "mx: a.example\n" * 600,
    ],
)
def test_a_policy_that_cannot_be_used(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(text)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("mail.example.com", True),
        ("MAIL.example.com.", True),
        ("a.example.net", True),
        ("a.b.example.net", False),
        ("example.net", False),
        ("xmail.example.com", False),
        ("", False),
    ],
)
def test_hosts(host: str, allowed: bool) -> None:
    assert parse_policy(POLICY).allows(host) is allowed


class Scripted:
    """A stream that gives its pieces one by one."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.sent = b""

    def send(self, data: bytes) -> None:
        self.sent += data

    def recv(self, timeout: float) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def fetched(*pieces: bytes, most: int = 100) -> bytes:
    stream = Scripted(*pieces)
    answer = get(stream, "host.example", "/path", most=most, timeout=1)  # type: ignore[arg-type]
    assert stream.sent.startswith(b"GET /path HTTP/1.1\r\nHost: host.example\r\n")
    assert (answer.status, answer.kind) == (200, "text/plain")
    return answer.body


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\n"


def test_bodies() -> None:
    assert fetched(HEAD + b"Content-Length: 5\r\n\r\nhello, more") == b"hello"
    assert fetched(HEAD[:9], HEAD[9:] + b"\r", b"\nhel", b"lo") == b"hello"
    assert fetched(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n") == b"hello"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        HEAD + b"Content-Length: 5\r\n\r\nhel",
        HEAD + b"Content-Length: 101\r\n\r\n" + b"x" * 101,
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"\r\n" + b"x" * 101,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        HEAD + b"X: " + b"y" * 40000 + b"\r\n\r\n",
    ],
)
def test_answers_that_cannot_be_used(answer: bytes) -> None:
    with pytest.raises(HttpError):
        fetched(answer)
