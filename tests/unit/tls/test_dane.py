"""TLSA records against certificates: usages, selectors, matching types, dates, names (RFC 7671, RFC 7672)."""

from __future__ import annotations

import pytest

from eximia.tls.engine import Engine, Verify
from support_tls import HOST, Pki
from unit.tls.talk import TLS1_2, client_context, server_context, talk

TA, EE = 2, 3
Record = tuple[int, int, int, bytes]


def reach(pki: Pki, leaf: str, *records: Record, base: str = HOST, names: tuple[str, ...] = ()) -> tuple[str, Engine]:
    """(the client's error, the client) of a connection to a server with this certificate."""
    client = Engine(client_context(pki, trust=""), verify=Verify.REQUIRE)
    client.use_dane(base)
    for record in records:
        client.add_tlsa(*record)
    for name in names:
        client.check_name(name)
    error, _ = talk(client, Engine(server_context(pki, leaf)))
    return error, client


def record(pki: Pki, usage: int, name: str, selector: int = 1, matching: int = 1) -> Record:
    return (usage, selector, matching, pki.made[name].tlsa(selector, matching))


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize(("usage", "name", "depth"), [(EE, "ec", 0), (TA, "inter", 1), (TA, "root", 2)])
def test_every_kind_of_record(pki: Pki, usage: int, name: str, depth: int, selector: int, matching: int) -> None:
    error, client = reach(pki, "ec", record(pki, usage, name, selector, matching))
    if name == "root" and matching:
        # The root is not sent: a digest of what is not there matches nothing (RFC 7672 3.1.2).
        assert "certificate verify failed" in error
        return
    assert error == ""
    match = client.dane_match()
    assert match is not None
    assert match[1:] == (usage, selector, matching)
    assert client.number("verified")
    other = record(pki, usage, "otherroot", selector, matching)
    error, client = reach(pki, "ec", other)
    assert "certificate verify failed" in error
    assert client.dane_match() is None


def test_an_end_entity_needs_neither_name_nor_date(pki: Pki) -> None:
    assert reach(pki, "expired", record(pki, EE, "expired"), base="elsewhere.example")[0] == ""
    assert reach(pki, "alt", record(pki, EE, "alt"))[0] == ""


def test_an_authority_needs_both(pki: Pki) -> None:
    assert "verify failed" in reach(pki, "alt", record(pki, TA, "inter"))[0]
    _, client = reach(pki, "alt", record(pki, TA, "inter"))
    assert "ostname mismatch" in client.verify_error()[2]
    assert reach(pki, "alt", record(pki, TA, "inter"), names=("alt.example.net",))[0] == ""
    _, client = reach(pki, "expired", record(pki, TA, "inter"))
    assert "certificate has expired" in client.verify_error()[2]


def test_an_expired_anchor(pki: Pki) -> None:
    for selector, matching in ((0, 1), (1, 1), (0, 0)):
        error, client = reach(pki, "underold", record(pki, TA, "expiredinter", selector, matching))
        assert "verify failed" in error
        assert "certificate has expired" in client.verify_error()[2]


def test_any_good_record_will_do(pki: Pki) -> None:
    assert reach(pki, "ec", record(pki, EE, "alt"), record(pki, EE, "ec"))[0] == ""
    assert reach(pki, "ec", record(pki, TA, "otherroot"), record(pki, EE, "ec"))[0] == ""


def test_digest_agility(pki: Pki) -> None:
    """Of records that differ in the digest only, the strongest digest counts (RFC 7671 9)."""
    strong, weak = record(pki, EE, "alt", 1, 2), record(pki, EE, "ec", 1, 1)
    assert "verify failed" in reach(pki, "ec", strong, weak)[0]
    assert reach(pki, "ec", record(pki, EE, "ec", 1, 2), record(pki, EE, "alt", 1, 1))[0] == ""
    # another selector is another matter
    assert reach(pki, "ec", record(pki, EE, "alt", 0, 2), record(pki, EE, "ec", 1, 1))[0] == ""


def test_what_cannot_be_used(pki: Pki) -> None:
    client = Engine(client_context(pki, trust=""), verify=Verify.REQUIRE)
    client.use_dane(HOST)
    digest = pki.made["ec"].tlsa(1, 1)
    assert client.add_tlsa(EE, 1, 1, digest)
    assert not client.add_tlsa(EE, 1, 1, digest[:-1])
    assert not client.add_tlsa(EE, 7, 1, digest)
    assert not client.add_tlsa(EE, 1, 99, digest)
    assert not client.add_tlsa(EE, 1, 0, b"no key at all")


def test_policy_may_still_refuse(pki: Pki) -> None:
    seen: list[int] = []

    def look(engine: Engine) -> None:
        seen.append(1)
        engine.refuse()

    client = Engine(client_context(pki, trust=""), verify=Verify.REQUIRE)
    client.use_dane(HOST)
    client.add_tlsa(*record(pki, EE, "ec"))
    error, _ = talk(client, Engine(server_context(pki, "ec", options=TLS1_2)), at_verify=look)
    assert seen
    assert "verify failed" in error
