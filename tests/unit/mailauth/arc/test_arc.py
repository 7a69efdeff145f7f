"""ARC: chains made, checked and broken."""

from __future__ import annotations

import pytest

from eximia.mailauth.arc.seal import Sealer, SealError, own_results, seal
from eximia.mailauth.arc.verify import verify
from eximia.mailauth.fields import Fields
from eximia.mailauth.txt import TxtAnswer
from support_signed import MESSAGE, signing_key, txt

_RESULTS = b"Authentication-Results: mx.example (us);\r\n\tspf=pass;\r\n\tdkim=none\r\n"


def _sealed(message: bytes, kind: str = "rsa", cv: str | None = None) -> bytes:
    sealer = Sealer("mx.example", "b.example", kind, signing_key(kind), created=5)
    return b"".join(seal(message, sealer, cv or verify(message, txt).state)) + message


def test_a_chain_of_three() -> None:
    message = _RESULTS + MESSAGE
    for number, kind in enumerate(("rsa", "ed25519", "rsa"), 1):
        message = b"Received: hop\r\n" + _sealed(message, kind)
        result = verify(message, txt)
        assert (result.state, result.instance, result.oldest_pass) == ("pass", number, 1)
    assert result.domains == ("b.example",) * 3
    assert message.count(b"cv=none") == 1
    assert message.count(b"cv=pass") == 2


def test_changed_on_the_way() -> None:
    first = _sealed(_RESULTS + MESSAGE)
    second = _sealed(first.replace(b"Hello", b"HellO"), cv="pass")
    result = verify(second, txt)
    assert (result.state, result.oldest_pass) == ("pass", 2)
    result = verify(first.replace(b"Hello", b"HellO"), txt)
    assert (result.state, result.reason) == ("fail", "(i=1: AMS: body hash did not verify)")
    result = verify(second.replace(b"spf=pass", b"spf=fail", 1), txt)
    assert (result.state, result.reason) == ("fail", "(i=2: AS: signature did not verify)")


def test_failed_chain_ends() -> None:
    broken = _sealed(_RESULTS + MESSAGE).replace(b"Hello", b"HellO")
    failed = _sealed(broken)
    assert b"cv=fail" in failed
    assert verify(failed, txt).reason == "(i=2: cv fail)"
    assert _sealed(failed, cv="fail") == failed


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"ARC-Seal: ", b"X-Seal: ", "(i=1: AS missing)"),
        (b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results: x;", "(AAR with bad instance)"),
        (b"cv=none", b"cv=pass", "(i=1: cv pass)"),
        (b"i=1", b"i=2", "(i=1: missing)"),
        (b"cv=none", b"cv=none; h=from", "(i=1: AS with h=)"),
        (b"h=from", b"h=arc-seal:from", "(i=1: AMS signs ARC-Seal)"),
        (b"s=rsa", b"s=none", "(i=1: AMS: no key for signature)"),
    ],
)
def test_broken(old: bytes, new: bytes, reason: str) -> None:
    result = verify(_sealed(_RESULTS + MESSAGE).replace(old, new), txt)
    assert (result.state, result.reason) == ("fail", reason)


def test_keys_that_are_not_for_subdomains() -> None:
    """The number in `i=` is no identity."""

    def strict(name: str) -> TxtAnswer:
        return TxtAnswer(tuple(text + b"; t=s" for text in txt(name).texts))

    assert verify(_sealed(_RESULTS + MESSAGE), strict).state == "pass"


def test_duplicates() -> None:
    message = _sealed(_RESULTS + MESSAGE)
    assert verify(message.partition(b"Authentication-Results: mx")[0] + message, txt).state == "fail"


def test_no_chain() -> None:
    assert verify(MESSAGE, txt).state == "none"
    with pytest.raises(SealError):
        _sealed(MESSAGE)


def test_own_results_are_merged() -> None:
    fields = Fields(
        [_RESULTS, b"Authentication-Results: other; spf=fail\r\n", b"Authentication-Results: MX.example; arc=none;\r\n"]
    )
    assert own_results(fields, "mx.example") == b"spf=pass;\r\n\tdkim=none; arc=none"
    assert own_results(Fields([b"Authentication-Results: mx.example; none\r\n"]), "mx.example") == b"none"
    assert own_results(fields, "else") is None


def test_comments_before_the_first_semicolon() -> None:
    """`instance [CFWS] ";"`: the seal covers it as it stands."""
    message = _sealed(_RESULTS + MESSAGE)
    commented = message.replace(b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results: i=1 (one (1));")
    assert verify(commented, txt).reason == "(i=1: AS: signature did not verify)"


def test_expired() -> None:
    message = _RESULTS + MESSAGE
    sealer = Sealer("mx.example", "b.example", "rsa", signing_key("rsa"), created=5, expires=1000)
    message = b"".join(seal(message, sealer, "none")) + message
    assert verify(message, txt, now=1100).state == "pass"
    assert verify(message, txt, now=2000).reason == "(i=1: AMS: expired)"
