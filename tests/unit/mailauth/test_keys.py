"""Keys: records in all their forms, private keys that do not work."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from eximia.mailauth.keys import KeyProblem, load_private_key, parse_key_record, public_key
from support_signed import pem, signing_key


def _public(kind: str, text: bytes) -> int:
    record = parse_key_record(text)
    assert record.keytype == kind
    return public_key(record.keytype, record.data).bits


def test_records() -> None:
    wrapped = signing_key("rsa").record()
    assert _public("rsa", b"p=" + wrapped) == 1024
    assert _public("rsa", b" v = DKIM1 ; p = " + wrapped[:30] + b" \t" + wrapped[30:] + b" ;") == 1024
    numbers = rsa.generate_private_key(65537, 1024).public_key()
    bare = base64.b64encode(numbers.public_bytes(Encoding.DER, PublicFormat.PKCS1))
    assert _public("rsa", b"k=rsa; p=" + bare) == 1024
    raw = signing_key("ed25519").record()
    assert _public("ed25519", b"k=ed25519; p=" + raw) == 256
    candidate = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(raw)
    assert _public("ed25519", b"k=ed25519; p=" + base64.b64encode(candidate)) == 256


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"v=DKIM1",
        b"v=DKIM2; p=AAAA",
        b"v=spf1 -all",
        b"p=!!",
        b"p=AAA",
        b"k=dsa; p=AAAA",
        b"k=ed25519; p=AAAA",
        b"p=AAAA",
    ],
)
def test_no_key(text: bytes) -> None:
    with pytest.raises(KeyProblem):
        _public(parse_key_record(text).keytype, text)


def test_revoked() -> None:
    with pytest.raises(KeyProblem) as problem:
        parse_key_record(b"v=DKIM1; p=")
    assert problem.value.revoked


def test_tags() -> None:
    record = parse_key_record(b"v=DKIM1; h=sha1 : sha256; s=email:web; t=y:s; n=a note; g=joe; p=AAAA")
    assert (record.hashes, record.service, record.testing, record.no_subdomains) == (
        ("sha1", "sha256"),
        "email:web",
        True,
        True,
    )
    assert (record.notes, record.granularity, record.for_mail) == ("a note", "joe", True)
    assert not parse_key_record(b"s=web; p=AAAA").for_mail


def test_private_keys() -> None:
    assert load_private_key(pem("rsa")).bits == 1024
    for text in (b"", b"rubbish", pem("rsa")[:200]):
        with pytest.raises(KeyProblem):
            load_private_key(text)
    curve = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(KeyProblem, match="neither"):
        load_private_key(curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_a_key_that_does_not_work() -> None:
    key = rsa.generate_private_key(65537, 1024)
    numbers = key.private_numbers()
    changed = rsa.RSAPrivateNumbers(
        numbers.p, numbers.q, numbers.d + 2, numbers.dmp1 + 2, numbers.dmq1, numbers.iqmp, numbers.public_numbers
    )
    broken = changed.private_key(unsafe_skip_rsa_key_validation=True)
    text = broken.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    with pytest.raises(KeyProblem, match="broken"):
        load_private_key(text)
