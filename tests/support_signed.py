"""Keys and a DNS for the tests of signatures."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from eximia.mailauth.keys import SigningKey, load_private_key
from eximia.mailauth.txt import NONE, TxtAnswer

MESSAGE = (
    b"Received: from x by y; Thu, 1 Jan 2026 00:00:00 +0000\r\n"
    b"From: Joe <joe@b.example>\r\nTo: a@c.example\r\nTo: b@c.example\r\n"
    b"Subject: a  long\r\n subject\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\n"
    b"Hello  world \r\n\r\n.dot\r\n\r\n\r\n"
)


@cache
def pem(kind: str) -> bytes:
    key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else rsa.generate_private_key(65537, 1024)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def signing_key(kind: str) -> SigningKey:
    return load_private_key(pem(kind))


def txt(name: str) -> TxtAnswer:
    """The key of selector `rsa` or `ed25519`, whatever the domain."""
    kind = name.partition(".")[0]
    if kind not in ("rsa", "ed25519") or "._domainkey." not in name:
        return TxtAnswer((), NONE)
    return TxtAnswer((b"v=DKIM1; k=%b; p=%b" % (kind.encode(), signing_key(kind).record()),))
