"""Signatures made: what they name, that they verify, and how they break."""

from __future__ import annotations

import base64
import re

import pytest

from eximia.mailauth.dkim.sign import Signer, chosen_headers, sign
from eximia.mailauth.dkim.signature import read
from eximia.mailauth.dkim.verify import header_hash, verify
from eximia.mailauth.fields import Fields, split_message
from support_signed import MESSAGE, signing_key, txt


def _headers(*wanted: str) -> bytes:
    return b":".join(chosen_headers(Fields(split_message(MESSAGE)[0]), wanted))


def test_which_headers() -> None:
    assert _headers("from", "to") == b"To:From"
    assert _headers("from", "to", "to", "to") == b"To:To:From:to"
    assert _headers("from", "=to", "+subject", "nothere", "+nix", "=nax") == b"Subject:To:To:From:subject:nothere:nix"
    assert _headers(" From ", "") == b"From"


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
@pytest.mark.parametrize("header", ["simple", "relaxed"])
@pytest.mark.parametrize("body", ["simple", "relaxed"])
def test_round_trip(kind: str, header: str, body: str) -> None:
    signer = Signer(
        "b.example", kind, signing_key(kind), header, body, identity="x@sub.b.example", created=5, expires=9
    )
    field = sign(MESSAGE, signer)
    assert max(len(line) for line in field.split(b"\r\n")) <= 79
    (result,) = verify(field + MESSAGE, txt, now=7)
    assert (result.status, result.reason, result.identity) == ("pass", "", "x@sub.b.example")
    assert verify(field + MESSAGE, txt, now=1000)[0].reason == "expired"
    assert verify(field + MESSAGE.replace(b"world", b"World"), txt, now=7)[0].reason == "bodyhash_mismatch"
    assert verify(field + MESSAGE.replace(b"subject", b"Subject"), txt, now=7)[0].reason == "signature_incorrect"


def test_length() -> None:
    field = sign(MESSAGE, Signer("b.example", "rsa", signing_key("rsa"), length=True))
    (result,) = verify(field + MESSAGE + b"appended\r\n", txt)
    assert (result.status, result.signature.length) == ("pass", 21)
    cut = MESSAGE[: MESSAGE.index(b".dot")]
    assert verify(field + cut, txt)[0].detail == "body shorter than l="


def test_oversigned_header() -> None:
    field = sign(MESSAGE, Signer("b.example", "rsa", signing_key("rsa"), sign_headers=("+from", "+subject")))
    assert verify(field + MESSAGE, txt)[0].passed
    assert verify(b"Subject: evil\r\n" + field + MESSAGE, txt)[0].reason == "signature_incorrect"


def test_nothing_to_sign() -> None:
    with pytest.raises(ValueError, match="no header"):
        sign(MESSAGE, Signer("b.example", "rsa", signing_key("rsa"), sign_headers=()))


def test_value_first() -> None:
    """The order of the tags is free."""
    key = signing_key("rsa")
    field = sign(MESSAGE, Signer("b.example", "rsa", key, sign_headers=("from",)))
    head = re.split(rb"\sb=", field)[0].rstrip()
    moved = head.replace(b": v=1", b": b=; v=1")
    fields = Fields([moved + b"\r\n", *split_message(MESSAGE)[0]])
    digest = header_hash(fields, 0, read(moved.partition(b":")[2])[0])
    signed = moved.replace(b"b=;", b"b=" + base64.b64encode(key.sign(digest, "sha256")) + b" ;", 1) + b"\r\n"
    assert verify(signed + MESSAGE, txt)[0].passed
