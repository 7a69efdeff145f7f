"""DIGEST-MD5: the example of RFC 2831, and what is no answer."""

from __future__ import annotations

import pytest

from eximia.authenticators.digest_md5 import ClientDigest, DigestError, ServerDigest, directives, proof

ANSWER = (
    b'charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,'
    b'cnonce="OA6MHXh6VqTrRk",digest-uri="imap/elwood.innosoft.com",response=d388dad90d4bbd760a152321f2143af7,qop=auth'
)


def test_example_of_the_rfc() -> None:
    said = directives(ANSWER)
    assert proof(b"secret", said, b"AUTHENTICATE") == said["response"]
    assert proof(b"secret", said, b"") == b"ea40f60335c427b5527b84dbabcdfffd"


@pytest.mark.parametrize("authorization", [b"", b"other"])
@pytest.mark.parametrize("realm", [b"", b'a"b\\c'])
def test_both_sides(realm: bytes, authorization: bytes) -> None:
    server, client = ServerDigest(realm), ClientDigest(b'm"e', b"secret", authorization, b"host.example")
    assert server.answer(client.answer(server.challenge())) == (b'm"e', authorization, realm)
    client.verify(server.final(b"secret"))
    with pytest.raises(DigestError):
        server.final(b"wrong")
    with pytest.raises(DigestError):
        client.verify(b"rspauth=0123")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"nc=00000001", b"nc=00000002"),
        (b"qop=auth", b"qop=auth-int"),
        (b'digest-uri="smtp/', b'digest-uri="imap/'),
        (b'realm="r"', b'realm="s"'),
        (b'nonce="', b'nonce="x'),
        (b"username=", b"name="),
        (b",nc", b",,;nc"),
    ],
)
def test_no_answer(old: bytes, new: bytes) -> None:
    server = ServerDigest(b"r")
    said = ClientDigest(b"me", b"secret", b"", b"h").answer(server.challenge())
    assert old in said
    with pytest.raises(DigestError):
        server.answer(said.replace(old, new, 1))
