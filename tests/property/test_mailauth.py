"""Hostile input for the parsers of mail authentication: a defined result, no exception of another kind, bounded time."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eximia.dns.answer import Answer, Status
from eximia.dns.records import Address, Mx, Name, Txt
from eximia.mailauth.authentication import Envelope, authenticate
from eximia.mailauth.authres import AuthResError, Result, field, parse
from eximia.mailauth.dmarc import Dkim, Spf, evaluate
from eximia.mailauth.dmarc.aggregate import Period, pack, policy, row, unpack, xml
from eximia.mailauth.dmarc.record import parse as parse_dmarc
from eximia.mailauth.spf import Asked, check_host
from eximia.mailauth.spf.macros import MacroError
from eximia.mailauth.spf.macros import parse as parse_macros
from eximia.mailauth.spf.terms import RecordError
from eximia.mailauth.spf.terms import parse as parse_spf
from eximia.mailauth.srs import NotSrs, Srs, SrsError
from eximia.message.authres import comment, pvalue, value
from eximia.message.srs import decode

TEXT = st.text(st.characters(max_codepoint=255), max_size=300)
SPF_WORDS = st.sampled_from(
    [
        "a", "mx", "ptr", "all", "include:", "exists:", "ip4:", "ip6:", "redirect=", "exp=", "a/24//64", "-", "~", "?",
        "+", "%{d}", "%{p}", "%{ir}.%{v}", "%{l1r+-}", "x.example", "1.2.3.4/24", "::1/0", ":", "/", "//", "=", "%%",
        "%{h}", ".", "example.com", "%{d999999999999}", " ", "\x00", "\xff", "A" * 70,
    ]
)  # fmt: skip
SPF_RECORD = st.lists(SPF_WORDS, max_size=30).map(lambda words: "v=spf1 " + "".join(words))
TAG_WORDS = st.sampled_from(
    ["v=DMARC1", ";", "p=", "none", "reject", "sp=", "np=", "psd=", "y", "n", "t=", "rua=", "mailto:", "a@b.c", ",",
     "!10m", "fo=", "0:1:d:s", "adkim=", "r", "s", "pct=", "50", "=", " ", "\t", "\xff", "%41", "ruf=mailto:x@y.z"]
)  # fmt: skip
DMARC_RECORD = st.lists(TAG_WORDS, max_size=30).map(lambda words: "v=DMARC1;" + "".join(words))
AR_WORDS = st.sampled_from(
    ["Authentication-Results: ", "mx.org", ";", "spf", "=", "pass", " ", "(", ")", '"', "\\", "reason", "header.d", ".",
     "/", "1", "none", "\r\n\t", "@", "x.y", "\x00", "\xff", "(((", ")))"]
)  # fmt: skip

RESULTS = {"pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"}


@given(SPF_RECORD | TEXT)
def test_spf_records(text: str) -> None:
    try:
        parse_spf(text)
    except RecordError:
        pass
    for explanation in (False, True):
        try:
            parse_macros(text, explanation=explanation)
        except MacroError:
            pass


class Liar:
    """A name server that answers every question with whatever comes next, and counts."""

    def __init__(self, texts: list[str], seed: int) -> None:
        self.texts = texts
        self.seed = seed
        self.asked = 0

    def query(self, name: str, rtype: str) -> Answer:
        self.asked += 1
        self.seed = (self.seed * 1103515245 + 12345) % 2**31
        if self.seed % 11 == 0:
            return Answer(Status.AGAIN, name=name, why="lost")
        if self.seed % 13 == 0:
            return Answer(Status.NXDOMAIN, name=name)
        some: list[Any] = []
        for number in range(1 + self.seed % 40):
            text = self.texts[(self.seed + number) % len(self.texts)]
            if rtype == "TXT":
                some.append(Txt((text.encode("latin-1", "replace"),)))
                if self.seed % 3:
                    break
            elif rtype == "MX":
                some.append(Mx(number, text[:60]))
            elif rtype == "PTR":
                some.append(Name(text[:60]))
            else:
                some.append(Address("192.0.2.1" if rtype == "A" else "2001:db8::1"))
        return Answer(Status.FOUND, tuple(some), name)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(SPF_RECORD, min_size=1, max_size=8),
    st.integers(0, 2**31),
    st.sampled_from(["192.0.2.1", "2001:db8::2", "::ffff:192.0.2.9"]),
    TEXT,
    TEXT,
)
def test_spf_checks(texts: list[str], seed: int, address: str, sender: str, helo: str) -> None:
    dns = Liar(texts, seed)
    verdict = check_host(dns.query, Asked(address, sender, helo), "example.com")
    assert verdict.result in RESULTS
    # Ten terms, each with a question of its own and at most ten hosts, and %{p} in each of their domains.
    assert dns.asked <= 400
    assert all(" " <= char <= "~" for char in verdict.explanation)


@given(DMARC_RECORD | TEXT)
def test_dmarc_records(text: str) -> None:
    record = parse_dmarc(text)
    if record is not None:
        assert record.p in (None, "none", "quarantine", "reject")
        assert record.psd in ("y", "n", "u")
        assert all("\r" not in uri and "\n" not in uri and " " not in uri for uri in (*record.rua, *record.ruf))


@settings(max_examples=200, deadline=None)
@given(st.lists(DMARC_RECORD, min_size=1, max_size=6), st.integers(0, 2**31), TEXT, TEXT)
def test_dmarc_evaluation(texts: list[str], seed: int, author: str, other: str) -> None:
    dns = Liar(texts, seed)
    verdict = evaluate(dns.query, author, dkim=[Dkim(other)], spf=[Spf("mail.example.com")])
    assert verdict.result in ("pass", "fail", "none", "temperror")
    assert dns.asked <= 30
    if verdict.record is not None:
        one = row(verdict, "192.0.2.1", other, (other, "pass"), [Dkim(other, "fail", other)], rejected=True)
        published = policy(verdict)
        assert unpack(pack(one, published)) == (one, published)
        from xml.etree import ElementTree as ET

        ET.fromstring(xml("id", Period(0, 1, "o", "e", "g"), published, [(one, 1)]))


@given(st.lists(AR_WORDS, max_size=40).map("".join) | TEXT)
def test_authentication_results(text: str) -> None:
    for relaxed in (False, True):
        for body in (text, f"Authentication-Results: {text}"):
            try:
                parse(body, relaxed=relaxed)
            except AuthResError:
                pass


@given(TEXT, TEXT, TEXT, TEXT)
def test_nothing_ends_a_result(server: str, one: str, two: str, three: str) -> None:
    results = [Result("spf", "pass", properties={"smtp.mailfrom": one}, comment=two, reason=three or None)]
    made = field(f"x{server}", results)
    assert "\n" not in made.replace(";\n\t", ";")
    parsed = parse(made)
    assert [each.method for each in parsed.results] == ["spf"]
    assert parsed.results[0].properties.keys() == {"smtp.mailfrom"}
    for text in (value(one), pvalue(one), comment(one)):
        assert parse(f"Authentication-Results: a; spf=pass reason={text if text[0] != '(' else 'x ' + text}").results


@given(TEXT, TEXT, st.integers(0, 2**32))
def test_srs(address: str, alias: str, now: int) -> None:
    srs = Srs(["secret"])
    for mean in (srs.reverse, lambda text, when: srs.reverse_key(text)):
        for text in (address, f"SRS0={address}@x.y", f"SRS1={address}@x.y"):
            try:
                mean(text, now)
            except SrsError:
                pass
    decode(address, "secret", now)
    decode(f"SRS0={address}", "secret", now)
    try:
        made = srs.forward(f"u@{address}", alias, now)
    except SrsError:
        return
    assert made.rpartition("@")[2].lower() == alias.rpartition("@")[2].lower()


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="@"), min_size=1, max_size=64),
    st.from_regex(r"[a-z0-9]{1,20}\.[a-z]{2,5}", fullmatch=True),
    st.integers(0, 2**32),
    st.integers(1, 27),
)
def test_srs_finds_its_way_back(local_part: str, domain: str, now: int, length: int) -> None:
    srs = Srs(["secret"], hash_length=length)
    sender = f"{local_part}@{domain}"
    first = srs.forward(sender, "fwd.example", now)
    second = srs.forward(first, "two.example", now)
    try:
        assert srs.reverse(srs.reverse(second, now), now) == sender or local_part[:5].upper() in ("SRS0=", "SRS1=")
    except NotSrs:
        assert local_part[:4].upper() in ("SRS0", "SRS1")
    except SrsError:
        assert local_part[:4].upper() in ("SRS0", "SRS1")


@pytest.mark.parametrize(
    "work",
    [
        lambda: parse_spf("v=spf1 " + "a:" * 100_000),
        lambda: parse_spf("v=spf1 " + "a:x.y " * 2_000),
        lambda: parse_macros("%{l" + "1" * 100_000 + "}"),
        lambda: parse_macros("%{" * 50_000),
        lambda: parse_dmarc("v=DMARC1;" + "rua=" + "mailto:a@b.c," * 20_000),
        lambda: parse("Authentication-Results: x; " + "(" * 60_000),
        lambda: parse("Authentication-Results: x; spf=pass " + "a.b=c " * 10_000),
        lambda: parse("Authentication-Results: x" + "; spf=pass" * 6_000),
        lambda: parse("Authentication-Results: x; " + '"' * 60_000, relaxed=True),
        lambda: parse("Authentication-Results: x; a" + ';"' * 30_000, relaxed=True),
        lambda: Srs(["s"]).reverse("SRS0=" + "=" * 100_000 + "@x", 0),
    ],
)
def test_long_input_takes_no_long_time(work: Any) -> None:
    began = time.process_time()
    try:
        work()
    except (RecordError, MacroError, AuthResError, SrsError):
        pass
    assert time.process_time() - began < 1.0


FIELDS = st.sampled_from(
    [
        "From: a@example.com", "From: ", "From: a@b, c@d", "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; b=;",
        "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com; s=s; h=from; bh=AA==; b=AA==",
        "DomainKey-Signature: a=rsa-sha1; d=example.com; s=s; q=dns; c=nofws; b=AA==", "ARC-Seal: i=1; cv=none; b=",
        "ARC-Message-Signature: i=1; b=", "ARC-Authentication-Results: i=1; x; none", "Subject: x", ":", "", " folded",
        "From: \xff@\xff", "From: " + "x" * 3000,
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(FIELDS, max_size=8), st.lists(SPF_RECORD | DMARC_RECORD, min_size=1, max_size=5), st.integers(0, 2**31))
def test_everything_at_once(lines: list[str], texts: list[str], seed: int) -> None:
    message = ("\r\n".join(lines) + "\r\n\r\nbody\r\n").encode("latin-1")
    dns = Liar(texts, seed)
    found = authenticate(message, Envelope("192.0.2.1", "mail.example.com", "a@example.com"), dns.query, now=1e9)
    assert found.spf is not None
    assert found.spf.result in RESULTS
    assert parse(found.field("mx.example.org")).authserv_id == "mx.example.org"
