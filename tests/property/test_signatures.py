"""Signatures, keys and answers of every wrong kind: always a result, in bounded time, and no exception."""

from __future__ import annotations

import base64
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eximia.mailauth.arc import verify as arc
from eximia.mailauth.arc.seal import Sealer, SealError, seal
from eximia.mailauth.dkim.policy import HISTORIC, Policy
from eximia.mailauth.dkim.sign import Signer, sign
from eximia.mailauth.dkim.verify import verify
from eximia.mailauth.domainkeys import verify as domainkeys
from eximia.mailauth.fields import split_message
from eximia.mailauth.keys import KeyProblem, load_private_key, parse_key_record, public_key
from eximia.mailauth.txt import FOUND, NONE, TEMPERROR, TxtAnswer
from support_signed import MESSAGE, signing_key, txt

_STATUSES = {"pass", "fail", "neutral", "policy", "permerror", "temperror"}
_NAMES = (
    b"v",
    b"a",
    b"b",
    b"bh",
    b"c",
    b"d",
    b"h",
    b"s",
    b"i",
    b"l",
    b"t",
    b"x",
    b"z",
    b"q",
    b"cv",
    b"p",
    b"k",
    b"g",
    b"n",
    b"\xff",
)
_VALUES = (
    b"1", b"2", b"rsa-sha256", b"ed25519-sha256", b"rsa-sha1", b"relaxed/relaxed", b"simple", b"nofws", b"b.example", b".",
    b"a" * 300, b"rsa", b"from:to:subject", b":::", b"from:" * 50, b"@b.example", b"99999999999999999999", b"-1", b"0", b"!!!!",
    b"AAAA", b"=", b"none", b"pass", b"DKIM1", b"dns/txt", b"y:s", b"\xe9\r\n\t x", b"", b" ", b"\x00",
)  # fmt: skip
_VALUE = st.one_of(st.sampled_from(_VALUES), st.binary(max_size=12))
_TAGS = st.lists(st.tuples(st.sampled_from(_NAMES), _VALUE), max_size=12).map(
    lambda pairs: b"; ".join(b"%b=%b" % pair for pair in pairs)
)
_GOOD = b"v=1; a=rsa-sha256; c=relaxed/simple; d=b.example; s=rsa; h=from:to; bh=AAAA; b=AAAA; "
_FIELD = st.tuples(
    st.sampled_from(
        (
            b"DKIM-Signature",
            b"DomainKey-Signature",
            b"ARC-Seal",
            b"ARC-Message-Signature",
            b"ARC-Authentication-Results",
        )
    ),
    st.sampled_from((b"", _GOOD, b"i=1; ", b"i=2; " + _GOOD)),
    _TAGS,
).map(lambda parts: b"%b: %b%b\r\n" % parts)
_MESSAGE = st.builds(
    lambda fields, rest, body: b"".join(fields) + rest + body,
    st.lists(_FIELD, max_size=6),
    st.sampled_from((MESSAGE, b"From: x@b.example\n\n", b"\r\n", b"", b"From: broken\r\nno header")),
    st.binary(max_size=40),
)
_ANSWER = st.one_of(
    st.builds(lambda texts: TxtAnswer(tuple(texts)), st.lists(st.one_of(_TAGS, st.binary(max_size=60)), max_size=3)),
    st.sampled_from((TxtAnswer((), NONE), TxtAnswer((), TEMPERROR, "x"), TxtAnswer((), FOUND))),
)


@settings(max_examples=400, deadline=None)
@given(_MESSAGE, _ANSWER)
def test_any_message_and_answer(message: bytes, answer: TxtAnswer) -> None:
    for policy in (Policy(), HISTORIC):
        for result in verify(message, lambda _: answer, 0, policy):
            assert result.status in _STATUSES
            assert bool(result.reason) is (result.status != "pass")
    assert arc.verify(message, lambda _: answer).state in ("none", "pass", "fail")
    assert domainkeys.verify(message, lambda _: answer).status in domainkeys.RESULTS
    assert (
        split_message(message)[0] == split_message(message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))[0]
        or b"\n" in message
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_signature_never_passes(data: Any) -> None:
    message = b"From: Joe <joe@b.example>\r\nSubject: a  long\r\n subject\r\n\r\nHello  world \r\n\r\n.dot\r\n\r\n"
    signed = sign(message, Signer("b.example", "ed25519", signing_key("ed25519"))) + message
    place = data.draw(st.integers(0, len(signed) - 1))
    byte = data.draw(st.integers(0, 255))
    damaged = signed[:place] + bytes([byte]) + signed[place + 1 :]
    if any(result.passed for result in verify(damaged, txt)):
        assert _essence(damaged) == _essence(signed)


def _essence(message: bytes) -> bytes:
    """What canonicalisation leaves; the value of `b=` is judged by itself (its last character has spare bits)."""
    return re.sub(rb";b=[^;]*", b"", b"".join(message.lower().split()))


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=80), _TAGS, st.just(base64.b64encode(b"0" * 40))))
def test_any_key(text: bytes) -> None:
    for given_text in (text, b"v=DKIM1; k=rsa; p=" + base64.b64encode(text), b"k=ed25519; p=" + base64.b64encode(text)):
        try:
            record = parse_key_record(given_text)
            key = public_key(record.keytype, record.data)
        except KeyProblem:
            continue
        assert not key.check(b"x" * 64, b"y" * 32, "sha256")
    with pytest.raises(KeyProblem):
        load_private_key(text)


def _timed(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _der(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return b"\x30\x82" + len(body).to_bytes(2, "big") + body


def _integer(value: int) -> bytes:
    data = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return b"\x02\x82" + len(data).to_bytes(2, "big") + data


@pytest.mark.parametrize(
    ("modulus_bits", "exponent", "reason"),
    [
        (512, 65537, "signature_incorrect"),
        (16384, 65537, "signature_incorrect"),
        (16385, 65537, "pubkey_bad"),
        (4096, (1 << 4000) + 1, "pubkey_bad"),
        (2048, 2, "pubkey_bad"),
        (64, 3, "pubkey_bad"),
    ],
)
def test_strange_rsa_keys(modulus_bits: int, exponent: int, reason: str) -> None:
    key = _der(_integer((1 << (modulus_bits - 1)) + 1), _integer(exponent))
    answer = TxtAnswer((b"p=" + base64.b64encode(key),))
    signed = sign(MESSAGE, Signer("b.example", "rsa", signing_key("rsa"))) + MESSAGE
    results: list[Any] = []
    assert _timed(lambda: results.extend(verify(signed, lambda _: answer))) < 1
    assert [result.reason for result in results] == [reason]


def _thousand_signatures() -> bytes:
    return sign(MESSAGE, Signer("b.example", "rsa", signing_key("rsa"))) * 1000 + MESSAGE


def _thousand_headers() -> bytes:
    names = [b"x-%d" % number for number in range(1000)]
    message = b"".join(name + b": value\r\n" for name in names) + MESSAGE
    wanted = ["from", *(name.decode() for name in names), *["from"] * 1000]
    return sign(message, Signer("b.example", "rsa", signing_key("rsa"), sign_headers=wanted)) * 50 + message


def _spaces() -> bytes:
    return sign(MESSAGE, Signer("b.example", "rsa", signing_key("rsa"))) + MESSAGE + b" \t" * 500_000 + b"x"


def _empty_lines() -> bytes:
    return sign(MESSAGE, Signer("b.example", "rsa", signing_key("rsa"))) + MESSAGE + b" \r\n" * 500_000


def _tags() -> bytes:
    return b"DKIM-Signature: " + b"a=b;" * 200_000 + b"\r\n" + b"DKIM-Signature: " + b";" * 500_000 + b"\r\n" + MESSAGE


def _long_lists() -> bytes:
    return b"DKIM-Signature: " + _GOOD.replace(b"from:to", b"from:" + b"x:" * 200_000) + b"\r\n" + MESSAGE


def _folded() -> bytes:
    return b"DKIM-Signature: v=1\r\n" + b" ;\r\n" * 200_000 + MESSAGE


def _sets() -> bytes:
    return (
        b"".join(
            b"ARC-Seal: i=%d; cv=pass\r\nARC-Message-Signature: i=%d\r\nARC-Authentication-Results: i=%d; x\r\n"
            % ((n,) * 3)
            for n in range(2000)
        )
        + MESSAGE
    )


def _domainkeys() -> bytes:
    return b"DomainKey-Signature: a=rsa-sha1; c=nofws; d=b.example; s=rsa; b=AAAA\r\n" * 2000 + MESSAGE * 200


@pytest.mark.parametrize(
    "make",
    [_thousand_signatures, _thousand_headers, _spaces, _empty_lines, _tags, _long_lists, _folded, _sets, _domainkeys],
)
def test_much_of_everything(make: Any) -> None:
    message = make()
    asked: list[str] = []

    def counted(name: str) -> TxtAnswer:
        asked.append(name)
        return txt(name)

    assert _timed(lambda: verify(message, counted)) < 3
    assert len(asked) <= 20
    assert _timed(lambda: arc.verify(message, counted)) < 3
    assert _timed(lambda: domainkeys.verify(message, counted)) < 3
    assert len(asked) <= 140


def test_a_chain_of_fifty() -> None:
    message = b"Authentication-Results: b.example; spf=pass\r\n" + MESSAGE
    sealer = Sealer("b.example", "b.example", "ed25519", signing_key("ed25519"))
    for number in range(50):
        message = b"".join(seal(message, sealer, "pass" if number else "none")) + message
    assert arc.verify(message, txt).state == "pass"
    assert seal(message, sealer, "pass") == []
    with pytest.raises(SealError):
        seal(MESSAGE, sealer, "none")
