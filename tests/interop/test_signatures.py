"""DKIM, DomainKeys and ARC against dkimpy, Mail::DKIM and OpenDKIM's library, both ways, over 300 hostile messages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from eximia.mailauth.arc import seal as arc_seal
from eximia.mailauth.arc import verify as arc_verify
from eximia.mailauth.dkim.sign import Signer, sign
from eximia.mailauth.dkim.verify import verify
from eximia.mailauth.domainkeys import sign as dk_sign
from eximia.mailauth.domainkeys import verify as dk_verify
from eximia.mailauth.fields import split_message
from interop.hostile_messages import messages
from interop.signing_peers import Dkimpy, mail_dkim, opendkim
from support_signed import pem, signing_key, txt

_DOMAIN = "b.example"
_CANONS = list(product(("simple", "relaxed"), repeat=2))
_RESULTS = b"Authentication-Results: b.example; spf=pass smtp.mailfrom=b.example;\r\n dkim=pass header.d=b.example\r\n"
_LATER = b"Authentication-Results: b.example; arc=pass\r\n"


@pytest.fixture(scope="module", params=["dkimpy", "mail_dkim", "opendkim"])
def peer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from _peer(request.param, tmp_path_factory.mktemp("peer"))


def _peer(name: str, folder: Path) -> Iterator[Any]:
    keys = {f"rsa._domainkey.{_DOMAIN}": b"v=DKIM1; k=rsa; p=" + signing_key("rsa").record()}
    made: Any
    if name == "dkimpy":
        pytest.importorskip("dkim")
        made = Dkimpy(keys, pem("rsa"), _DOMAIN, "rsa")
    else:
        made = (mail_dkim if name == "mail_dkim" else opendkim)(folder, keys, pem("rsa"), _DOMAIN, "rsa")
    if made is None:
        pytest.skip(f"{name} is not installed")
    yield made
    made.close()


def _wire(message: bytes) -> bytes:
    """As it goes over SMTP, where the last line has an end. We sign and verify without it, too."""
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def _whole(made: bytes) -> bytes:
    """A field as the peer made it, with proper line ends."""
    return made.replace(b"\r\n", b"\n").rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n"


def test_ours_verified_by_them(peer: Any) -> None:
    wrong = []
    for number, message in enumerate(messages(300)):
        header, body = _CANONS[number % 4]
        names = (("from", "to", "=subject", "+x-long", "nothere"), ("+from", "to", "subject", "subject"), None)[
            number % 3
        ]
        more = {} if names is None else {"sign_headers": names}
        signer = Signer(_DOMAIN, "rsa", signing_key("rsa"), header, body, length=number % 7 == 0, **more)
        signed = sign(message, signer) + message
        if peer.ask("verify", _wire(signed))[0] != "pass":
            wrong.append((number, header, body))
        changed = signed.replace(b"joe@b", b"jim@b")
        if peer.ask("verify", _wire(changed))[0] == "pass":
            wrong.append((number, "forged"))
    assert wrong == []


def test_theirs_verified_by_us(peer: Any) -> None:
    wrong = []
    for number, message in enumerate(messages(300)):
        header, body = _CANONS[number % 4]
        signed = _whole(peer.ask("sign", _wire(message), header, body)[1]) + message
        (result,) = verify(signed, txt)
        if not result.passed:
            wrong.append((number, header, body, result.reason, result.detail))
        if verify(signed.replace(b"joe@b", b"jim@b"), txt)[0].reason != "signature_incorrect":
            wrong.append((number, "forged"))
    assert wrong == []


@pytest.fixture(scope="module", params=["dkimpy", "mail_dkim"])
def arc_peer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from _peer(request.param, tmp_path_factory.mktemp("arc"))


def _sealed(message: bytes) -> bytes:
    sealer = arc_seal.Sealer(_DOMAIN, _DOMAIN, "rsa", signing_key("rsa"), created=1_700_000_000)
    return b"".join(arc_seal.seal(message, sealer, arc_verify.verify(message, txt).state)) + message


def test_our_chains_verified_by_them(arc_peer: Any) -> None:
    wrong = []
    for number, message in enumerate(messages(300)):
        if number % 3:
            continue
        chain = _RESULTS + message
        for _ in range(1 + number % 4):
            chain = _sealed(chain)
        if arc_peer.ask("arcverify", _wire(chain))[0] != "pass":
            wrong.append(number)
        if arc_peer.ask("arcverify", _wire(chain.replace(b"joe@b", b"jim@b")))[0] == "pass":
            wrong.append(-number)
    assert wrong == []


def test_their_chains_verified_by_us_and_continued(arc_peer: Any) -> None:
    wrong = []
    for number, message in enumerate(messages(300)):
        if number % 3:
            continue
        chain = _RESULTS + message
        for turn in range(1 + number % 4):
            if turn:
                # As on entry to a system: forged results go, its own come on top.
                chain = chain.replace(b"\r\n" + _RESULTS, b"\r\n").replace(b"\r\n" + _LATER, b"\r\n")
                chain = _LATER + chain
            if turn % 2:
                chain = _sealed(chain)
            else:
                chain = _whole(arc_peer.ask("arcsign", _wire(chain), "pass" if turn else "none")[1]) + chain
            result = arc_verify.verify(chain, txt)
            if result.state != "pass":
                wrong.append((number, turn, result.reason))
    assert wrong == []


@pytest.fixture(scope="module")
def domainkeys_peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from _peer("mail_dkim", tmp_path_factory.mktemp("dk"))


def test_domainkeys(domainkeys_peer: Any) -> None:
    wrong = []
    for number, message in enumerate(messages(300)):
        canon = ("simple", "nofws")[number % 2]
        fields, body = split_message(message)
        signing = dk_sign.Signing(fields, dk_sign.Signer(_DOMAIN, "rsa", signing_key("rsa"), canon))
        signing.feed(body)
        if domainkeys_peer.ask("verify", signing.field() + _wire(message))[0] != "pass":
            wrong.append((number, canon, "ours"))
        theirs = _whole(domainkeys_peer.ask("dksign", _wire(message), canon)[1])
        status = dk_verify.verify(theirs + message, txt).status
        if status != "good":
            wrong.append((number, canon, status))
    assert wrong == []
