"""Stapled OCSP responses: what a server sends, and which of thirteen kinds a client believes (manual 43.8)."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import OCSPNoCheck, ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

from eximia.tls.engine import Engine, Verify
from eximia.tls.facts import facts_of
from eximia.tls.settings import Staple
from support_tls import BOTH, HOST, Pki, make
from unit.tls.talk import TLS1_2, client_context, server_context, talk

NOT_ASKED, NONE, UNVERIFIED, FAILED, GOOD = range(5)


def _staple(pki: Pki, kind: str) -> str:
    """The file with a response of a kind."""
    inter, file = pki.made["inter"], f"{kind}.der"
    match kind:
        case "delegated":
            return pki.staple(file)
        case "direct":
            return pki.staple(file, signer=inter, embed=False)
        case "sha256":
            return pki.staple(file, algorithm=hashes.SHA256())
        case "revoked":
            return pki.staple(file, status=ocsp.OCSPCertStatus.REVOKED)
        case "unknown":
            return pki.staple(file, status=ocsp.OCSPCertStatus.UNKNOWN)
        case "rogue":
            return pki.staple(file, signer=make("Rogue", issuer=inter, usages=BOTH))
        case "old responder":
            return pki.staple(file, signer=make("Old", issuer=inter, usages=[Usage.OCSP_SIGNING], begins=-30, ends=-1))
        case "another authority":
            return pki.staple(
                file,
                signer=make("Far", issuer=pki.made["root"], usages=[Usage.OCSP_SIGNING], extra=[OCSPNoCheck()]),
            )
        case "not included":
            return pki.staple(file, embed=False)
        case "signature":
            data = bytearray(Path(pki.staple(file)).read_bytes())
            signature = ocsp.load_der_ocsp_response(bytes(data)).signature
            data[data.find(signature) + len(signature) - 1] ^= 1
            return pki.write(file, bytes(data))
    raise AssertionError(kind)


@pytest.mark.parametrize("options", ["", TLS1_2])
@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("delegated", GOOD),
        ("direct", GOOD),
        ("sha256", GOOD),
        ("revoked", FAILED),
        ("unknown", FAILED),
        ("rogue", FAILED),
        ("old responder", FAILED),
        ("another authority", FAILED),
        ("not included", FAILED),
        ("signature", FAILED),
    ],
)
def test_what_a_client_believes(pki: Pki, kind: str, state: int, options: str) -> None:
    server_in = server_context(pki, "ec", options=options, staples=(_staple(pki, kind),))
    for required in (False, True):
        client, server = Engine(client_context(pki), verify=Verify.REQUIRE), Engine(server_in)
        client.ask_ocsp(required=required)
        error, _ = talk(client, server)
        assert facts_of(client).ocsp == state, client.ocsp()
        assert bool(error) == (required and state != GOOD)
        if not error:
            assert facts_of(server).ocsp == UNVERIFIED


def test_a_response_for_another_certificate_is_not_sent(pki: Pki) -> None:
    server_in = server_context(pki, "ec", staples=(pki.staple("alt.der", "alt"),))
    client, server = Engine(client_context(pki), verify=Verify.REQUIRE), Engine(server_in)
    client.ask_ocsp(required=False)
    assert talk(client, server) == ("", "")
    assert facts_of(client).ocsp == facts_of(server).ocsp == NONE


def test_each_certificate_has_its_own(pki: Pki) -> None:
    staples = (pki.staple("two-rsa.der", "rsa"), pki.staple("two-ec.der", "ec"))
    server_in = server_context(pki, "rsa", "ec", staples=staples, options=TLS1_2)
    for ciphers in ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"):
        from eximia.tls.contexts import ClientContext
        from eximia.tls.settings import ClientSettings

        context = ClientContext(ClientSettings(trust=pki.path("root.crt"), ciphers=ciphers))
        client = Engine(context, verify=Verify.REQUIRE)
        client.ask_ocsp(required=True)
        assert talk(client, Engine(server_in)) == ("", "")
        assert facts_of(client).ocsp == GOOD
        assert facts_of(client).peer_certificate == pki.made["rsa" if "RSA" in ciphers else "ec"].der


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("stale", "outside its time of validity"),
        ("future", "outside its time of validity"),
        ("endless", "has no next update time"),
        ("garbage", "cannot be parsed"),
        ("absent", "No such file"),
    ],
)
def test_what_a_server_does_not_send(pki: Pki, kind: str, why: str) -> None:
    file = f"{kind}.der"
    if kind == "stale":
        pki.staple(file, begins=-9, ends=-2)
    elif kind == "future":
        pki.staple(file, begins=2, ends=5)
    elif kind == "endless":
        pki.staple(file, ends=None)
    elif kind == "garbage":
        pki.write(file, b"nothing of the kind")
    notes: list[str] = []
    server_in = server_context(pki, "ec", staples=(pki.path(file),), notes=notes)
    assert len(notes) == 1
    assert pki.path(file) in notes[0]
    assert why in notes[0]
    client, server = Engine(client_context(pki), verify=Verify.REQUIRE), Engine(server_in)
    client.ask_ocsp(required=True)
    error, _ = talk(client, server)
    assert "invalid status response" in error
    assert facts_of(client).ocsp == NONE


@pytest.mark.parametrize("told", [True, False])
def test_a_response_in_pem(pki: Pki, *, told: bool) -> None:
    """With the prefix `PEM` before the file's name, or without: it is seen."""
    from base64 import encodebytes

    from eximia.tls.contexts import ServerContext
    from eximia.tls.settings import ServerSettings

    data = Path(pki.staple("plain.der")).read_bytes()
    pem = b"-----BEGIN OCSP RESPONSE-----\n" + encodebytes(data) + b"-----END OCSP RESPONSE-----\n"
    settings = ServerSettings(
        certificates=(pki.path("ec.chain"),),
        keys=(pki.path("ec.key"),),
        staples=(Staple(pki.write("one.pem", pem), pem=told),),
    )
    notes: list[str] = []
    client, server = Engine(client_context(pki)), Engine(ServerContext(settings, notes.append))
    client.ask_ocsp(required=False)
    talk(client, server)
    assert notes == []
    assert facts_of(client).ocsp == GOOD


def test_a_good_status_of_an_untrusted_chain(pki: Pki) -> None:
    server_in = server_context(pki, "ec", staples=(pki.staple("untrusted.der"),))
    client, server = Engine(client_context(pki, trust="otherroot"), verify=Verify.TRY), Engine(server_in)
    client.ask_ocsp(required=False)
    assert talk(client, server) == ("", "")
    assert facts_of(client).ocsp == UNVERIFIED


def test_nobody_asked(pki: Pki) -> None:
    client, server = Engine(client_context(pki)), Engine(server_context(pki, "ec", staples=(pki.staple("x.der"),)))
    client.check_name(HOST)
    talk(client, server)
    assert facts_of(client).ocsp == facts_of(server).ocsp == NOT_ASKED


@pytest.mark.parametrize(
    ("leaf", "name", "trust", "state"),
    [
        ("ec", "other.example.net", "root", GOOD),
        ("expired", HOST, "root", GOOD),
        ("expired", "other.example.net", "root", GOOD),
        ("ec", HOST, "otherroot", UNVERIFIED),
        ("ec", "other.example.net", "otherroot", UNVERIFIED),
    ],
)
def test_a_status_counts_beside_a_wrong_name_but_not_of_a_stranger(
    pki: Pki, leaf: str, name: str, trust: str, state: int
) -> None:
    server_in = server_context(pki, leaf, staples=(pki.staple("beside.der", leaf),))
    client, server = Engine(client_context(pki, trust=trust), verify=Verify.TRY), Engine(server_in)
    client.check_name(name)
    client.ask_ocsp(required=True)
    error, _ = talk(client, server)
    assert facts_of(client).ocsp == state
    assert bool(error) == (state != GOOD)
    assert not facts_of(client).certificate_verified


def test_numbers_are_only_unique_within_an_authority(pki: Pki) -> None:
    """Two authorities that count from one, and a response for the other one's certificate."""
    other = pki.save("countstoo", make("Counts Too", ca=True))
    pki.leaf("first", make(HOST, "rsa", pki.made["inter"], names=(HOST,), usages=BOTH, number=1))
    made = pki.save("second", make(HOST, "ec", other, names=(HOST,), usages=BOTH, number=1))
    pki.write("second.chain", made.pem + other.pem)
    staples = (pki.staple("first.der", "first"), pki.staple("second.der", "second", signer=other, issuer="countstoo"))
    for leaf, trust in (("first", "root"), ("second", "countstoo")):
        for order in (staples, staples[::-1]):
            client = Engine(client_context(pki, trust=trust), verify=Verify.REQUIRE)
            client.ask_ocsp(required=True)
            assert talk(client, Engine(server_context(pki, leaf, staples=order))) == ("", "")
            assert facts_of(client).ocsp == GOOD
