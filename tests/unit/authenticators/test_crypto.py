"""Published vectors: RFC 1320, MS-NLMP 4.2, RFC 5802 section 5, RFC 7677 section 3."""

import pytest

from eximia.authenticators import ntlm
from eximia.authenticators.scram import ClientScram, ScramError, salted_password


@pytest.mark.parametrize(
    "data, digest",
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4(data: bytes, digest: str) -> None:
    assert ntlm.md4(data).hex() == digest


def test_ntlm_version_1() -> None:
    assert ntlm.nt_hash("Password").hex() == "a4f49c406510bdcab6824ee7c30fd852"
    assert ntlm.lm_hash("Password").hex() == "e52cac67419a9a224a3b108f3fa6cb6d"
    response = ntlm.nt_response("Password", bytes.fromhex("0123456789abcdef"))
    assert response.hex() == "67c43011f30298a2ad35ece64f16331c44bdbed927841f94"


@pytest.mark.parametrize("info", [b"", b"\2\0\4\0D\0O\0\0\0\0\0"])
def test_ntlm_there_and_back(info: bytes) -> None:
    message = ntlm.Challenge(b"12345678", 0x00800000 if info else 0, info)
    response = ntlm.read_response(ntlm.respond(message, "us\xe9r", "dom", "pw", 1e9))
    assert (response.user, response.domain) == ("us\xe9r", "dom")
    assert ntlm.verify("pw", b"12345678", response)
    assert not ntlm.verify("pw", b"12345679", response)


@pytest.mark.parametrize("data", [b"", b"NTLMSSP\0" + b"\3\0\0\0" + b"\xff" * 60])
def test_ntlm_garbage(data: bytes) -> None:
    with pytest.raises(ntlm.NtlmError):
        ntlm.read_response(data)
    with pytest.raises(ntlm.NtlmError):
        ntlm.read_challenge(data)


@pytest.mark.parametrize(
    "name, nonce, server_first, final, server_final",
    [
        (
            "sha1",
            "fyko+d2lbbFgONRv9qkxdawL",
            b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ),
        (
            "sha256",
            "rOprNGfwEbeRWgbNEkqO",
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ],
)
def test_scram_of_the_rfcs(name: str, nonce: str, server_first: bytes, final: bytes, server_final: bytes) -> None:
    client = ClientScram(name, "user", nonce=nonce)
    client.read(server_first)
    assert client.final(salted_password(name, "pencil", client.salt, client.iterations)) == final
    client.verify(server_final)
    with pytest.raises(ScramError):
        client.verify(b"v=AAAApqV8S7suAoZWja4dJRkFsKQ=")


def test_a_server_that_does_not_continue_our_nonce() -> None:
    with pytest.raises(ScramError):
        ClientScram("sha1", "user", nonce="abc").read(b"r=xyz,s=QSXC,i=4096")
