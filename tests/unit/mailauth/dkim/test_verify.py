"""The example of RFC 8463 appendix A, and what a change does to it."""

from __future__ import annotations

import pytest

from eximia.mailauth.dkim.policy import STRICT, Policy
from eximia.mailauth.dkim.signature import read
from eximia.mailauth.dkim.verify import Verification, overall, verify
from eximia.mailauth.fields import split_message
from eximia.mailauth.txt import NONE, TEMPERROR, TxtAnswer

_MESSAGE = (
    b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    b" d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    b" subject : date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    b" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    b" d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    b" date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    b" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    b" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    b"From: Joe SixPack <joe@football.example.com>\r\n"
    b"To: Suzie Q <suzie@shopping.example.net>\r\n"
    b"Subject: Is dinner ready?\r\n"
    b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    b"\r\n"
    b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
)
_KEYS = {
    "brisbane._domainkey.football.example.com": b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test._domainkey.football.example.com": b"v=DKIM1; k=rsa; "
    b"p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/"
    b"byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
}


def _txt(name: str) -> TxtAnswer:
    text = _KEYS.get(name)
    return TxtAnswer((text,)) if text is not None else TxtAnswer((), NONE)


def _statuses(message: bytes, txt=_txt, **more) -> list[tuple[str, str]]:
    return [(result.status, result.reason) for result in verify(message, txt, **more)]


def test_both_signatures_pass() -> None:
    assert _statuses(_MESSAGE) == [("pass", ""), ("pass", "")]
    assert [result.key_bits for result in verify(_MESSAGE, _txt)] == [256, 1024]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_line_ends_and_pieces_do_not_matter(size: int) -> None:
    for message in (_MESSAGE, _MESSAGE.replace(b"\r\n", b"\n")):
        fields, body = split_message(message)
        verification = Verification(fields)
        for start in range(0, len(body), size):
            verification.feed(body[start : start + size])
        assert [result.status for result in verification.results(_txt)] == ["pass", "pass"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"hungry", b"Hungry", ("fail", "bodyhash_mismatch")),
        (b"Is dinner", b"Is Dinner", ("fail", "signature_incorrect")),
        (b"v=1;", b"v=2;", ("permerror", "signature_syntax")),
        (b"d=football", b"d=foot ball", ("permerror", "signature_syntax")),
        (b"s=", b"s=no", ("permerror", "pubkey_unavailable")),
        (b"t=1528637909;", b"t=1; x=100;", ("permerror", "expired")),
        (b"h=from : to", b"h=to", ("fail", "signature_incorrect")),
        (b"from", b"for", ("permerror", "from_not_signed")),
        (b" q=dns/txt;", b" q=dns/txt; q=dns/txt;", ("permerror", "signature_syntax")),
        (b"i=@football", b"i=@basketball", ("permerror", "signature_syntax")),
    ],
)
def test_what_a_change_does(old: bytes, new: bytes, expected: tuple[str, str]) -> None:
    assert _statuses(_MESSAGE.replace(old, new)) == [expected, expected]


def test_second_from() -> None:
    oversigned = _MESSAGE.replace(b"From:", b"From: evil@example.org\r\nFrom:")
    assert overall(verify(oversigned, _txt)) == "fail"
    twice = _MESSAGE.replace(b"To:", b"To: evil@example.org\r\nTo:", 1)
    assert _statuses(twice) == [("pass", "")] * 2
    assert _statuses(twice, policy=STRICT) == [("policy", "header_added")] * 2


def test_answers_of_the_dns() -> None:
    later = TxtAnswer((), TEMPERROR, "SERVFAIL")
    assert _statuses(_MESSAGE, lambda _: later) == [("temperror", "pubkey_unavailable")] * 2
    revoked = TxtAnswer((b"v=DKIM1; p=",))
    assert _statuses(_MESSAGE, lambda _: revoked) == [("permerror", "pubkey_revoked")] * 2
    rubbish = TxtAnswer((b"v=spf1 -all",))
    assert _statuses(_MESSAGE, lambda _: rubbish) == [("permerror", "pubkey_syntax")] * 2
    both = TxtAnswer((b"v=spf1 -all", _KEYS["test._domainkey.football.example.com"]))
    assert _statuses(_MESSAGE, lambda _: both) == [("permerror", "pubkey_unsuitable"), ("pass", "")]
    either = TxtAnswer(tuple(_KEYS.values()))
    assert _statuses(_MESSAGE, lambda _: either) == [("pass", "")] * 2


def test_missing_padding() -> None:
    """RFC 6376 section 2.10 leaves it out where it likes."""

    def unpadded(name: str) -> TxtAnswer:
        return TxtAnswer((_KEYS[name].rstrip(b"="),))

    assert _statuses(_MESSAGE, unpadded) == [("pass", "")] * 2
    assert _statuses(_MESSAGE.replace(b"JVOzv8=;", b"JVOzv8;")) == [("fail", "signature_incorrect")] * 2
    assert _statuses(_MESSAGE.replace(b"JVOzv8=;", b"JVOzv8===;"))[0] == ("permerror", "signature_syntax")


def test_keys_of_internationalised_domains_are_asked_as_a_labels() -> None:
    signature, error = read(b" v=1; a=rsa-sha256; d=ex\xc3\xa4mple.com; s=s\xc3\xa9l; h=from; bh=AAAA; b=AAAA")
    assert (error, signature.key_name) == ("", "xn--sl-bja._domainkey.xn--exmple-cua.com")


def test_policy() -> None:
    weak = Policy(min_bits={"rsa": 2048}, keytypes=("rsa",))
    assert _statuses(_MESSAGE, policy=weak) == [("policy", "algorithm_refused"), ("policy", "pubkey_too_short")]
    one = Policy(most_signatures=1)
    assert _statuses(_MESSAGE, policy=one) == [("pass", ""), ("permerror", "too_many_signatures")]


def test_early_end_asks_no_more() -> None:
    asked = []

    def txt(name: str) -> TxtAnswer:
        asked.append(name)
        return _txt(name)

    fields, body = split_message(_MESSAGE)
    verification = Verification(fields)
    verification.feed(body)
    assert next(verification.results(txt)).passed
    assert asked == ["brisbane._domainkey.football.example.com"]
