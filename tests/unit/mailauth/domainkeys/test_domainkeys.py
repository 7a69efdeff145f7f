"""DomainKeys: signatures made and checked, the policy record, the responsible sender."""

from __future__ import annotations

import pytest

from eximia.mailauth.domainkeys.sign import Signer, Signing
from eximia.mailauth.domainkeys.signature import find_sender, presented
from eximia.mailauth.domainkeys.verify import verify
from eximia.mailauth.fields import Fields, split_message
from eximia.mailauth.txt import NONE, TxtAnswer
from support_signed import MESSAGE, signing_key, txt


def _signed(message: bytes = MESSAGE, **more) -> bytes:
    fields, body = split_message(message)
    signing = Signing(fields, Signer(**{"domain": "b.example", "selector": "rsa", "key": signing_key("rsa"), **more}))
    signing.feed(body[:7])
    signing.feed(body[7:])
    return signing.field() + message


@pytest.mark.parametrize("canon", ["simple", "nofws"])
@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
def test_round_trip(canon: str, hash_name: str) -> None:
    message = _signed(canon=canon, hash_name=hash_name)
    for each in (message, message.replace(b"\r\n", b"\n"), b"Received: later\r\n" + message):
        result = verify(each, txt)
        assert (result.status, result.result, result.signed) == ("good", "pass", True)
        assert (result.sender.address, result.sender.source) == ("joe@b.example", "from")
    assert verify(message.replace(b"Hello", b"HellO"), txt).status == "bad"
    spaced = verify(message.replace(b"Hello", b" Hello"), txt).status
    assert spaced == ("good" if canon == "nofws" else "bad")


def test_empty_body() -> None:
    for end in (b"\r\n", b"\r\n\r\n\r\n"):
        message = _signed(MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n" + end)
        assert verify(message, txt).status == "good"
        assert verify(message + b"\r\n\r\n", txt).status == "good"


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"c=simple", b"c=odd", "bad format"),
        (b"d=b.example", b"d=other.example", "bad format"),
        (b"h=from:", b"h=form:", "bad format"),
        (b"s=rsa", b"s=missing", "no key"),
        (b"s=rsa", b"s=ed25519", "bad format"),
    ],
)
def test_broken(old: bytes, new: bytes, status: str) -> None:
    message = _signed().replace(old, new, 1)
    assert verify(message, txt).status == status


def test_unsigned_and_policies() -> None:
    def answer(policy: bytes):
        return lambda name: TxtAnswer((policy,)) if name == "_domainkey.b.example" else TxtAnswer((), NONE)

    assert verify(MESSAGE, txt).status == "no signature"
    result = verify(MESSAGE, answer(b"t=y; o=-; r=x@b.example"))
    assert (result.status, result.testing, result.signs_all, result.signed) == ("no signature", True, True, False)
    assert verify(MESSAGE, answer(b"o=.")).status == "non-participant"
    assert not verify(MESSAGE, answer(b"o=~")).signs_all


@pytest.mark.parametrize("flags, testing", [(b"", True), (b"t=n;", False), (b"t=y;", True)])
def test_flags_of_the_key_come_before_those_of_the_policy(flags: bytes, testing: bool) -> None:
    def answer(name: str) -> TxtAnswer:
        if name.startswith("_domainkey"):
            return TxtAnswer((b"t=y; o=~",))
        return TxtAnswer((flags + txt(name).texts[0],))

    assert verify(_signed(), answer).testing is testing


def test_revoked() -> None:
    assert verify(_signed(), lambda _: TxtAnswer((b"k=rsa; p=",))).status == "revoked"


def test_sender_before_from() -> None:
    fields = Fields([b"Sender: boss <s@b.example>\r\n", b"From: =?x?= (c) <f@c.example>, g@d.example\r\n"])
    assert find_sender(fields)[:4] == ("s@b.example", "s", "b.example", "sender")
    assert find_sender(fields, 0)[:4] == ("f@c.example", "f", "c.example", "from")
    assert find_sender(Fields([b"From: rubbish <>\r\n"])).source == ""


def test_order_of_the_header_list() -> None:
    names = (b"from", b"to", b"to", b"subject", b"to", b"x")
    fields = Fields([name + b": x\r\n" for name in names])
    assert presented(fields, -1, None) == [0, 1, 2, 3, 4, 5]
    assert presented(fields, 0, (b"from", b"to")) == [1, 2, 4]
    assert presented(fields, -1, (b"subject", b"to", b"from")) == [3, 1, 2, 4, 0]
    assert presented(fields, -1, (b"to", b"from", b"to", b"none", b"to", b"to")) == [1, 0, 2, 4]
