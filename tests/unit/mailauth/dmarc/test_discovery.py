"""The tree walk; the examples of RFC 9989 section 4.10."""

from __future__ import annotations

from typing import Any

import pytest

from eximia.dns.suffixes import installed_list
from eximia.mailauth.dmarc import Discovery, Dkim, Spf, SuffixDiscovery, evaluate
from eximia.mailauth.zone import Zone


def zone(**records: str) -> Zone:
    """Policy records by domain, with `_` for dots."""
    made: dict[str, Any] = {}
    for name, text in records.items():
        made[f"_dmarc.{name.replace('_', '.')}"] = [{"type": "TXT", "value": text}]
    return Zone(made)


def names(asked: Zone) -> list[str]:
    return [name for name, rtype in asked.asked if rtype == "TXT"]


def test_a_long_name_takes_eight_questions() -> None:
    empty = zone()
    verdict = evaluate(empty.query, "a.b.c.d.e.f.g.h.i.j.mail.example.com")
    assert verdict.result == "none"
    assert names(empty) == [
        "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "_dmarc.g.h.i.j.mail.example.com",
        "_dmarc.h.i.j.mail.example.com",
        "_dmarc.i.j.mail.example.com",
        "_dmarc.j.mail.example.com",
        "_dmarc.mail.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    ]


@pytest.mark.parametrize(
    ("records", "organization"),
    [
        ({"mail_example_com": "v=DMARC1;p=none", "example_com": "v=DMARC1;p=none"}, "example.com"),
        ({"mail_example_com": "v=DMARC1;p=none;psd=n", "example_com": "v=DMARC1;p=none"}, "mail.example.com"),
        ({"com": "v=DMARC1;p=none;psd=y"}, "example.com"),
        ({"a_mail_example_com": "v=DMARC1;p=none;psd=y", "example_com": "v=DMARC1;p=none"}, "a.mail.example.com"),
        ({}, "a.mail.example.com"),
    ],
)
def test_organizational_domain(records: dict[str, str], organization: str) -> None:
    assert Discovery(zone(**records).query).organization("a.mail.example.com") == organization


def test_a_record_of_its_own_takes_one_question() -> None:
    found = zone(mail_example_com="v=DMARC1; p=reject; sp=none", example_com="v=DMARC1; p=none")
    verdict = evaluate(found.query, "mail.example.com", dkim=[Dkim("mail.example.com")])
    assert (verdict.result, verdict.policy, names(found)) == ("pass", "reject", ["_dmarc.mail.example.com"])


def test_order_of_questions() -> None:
    found = zone(example_com="v=DMARC1; p=reject")
    verdict = evaluate(found.query, "example.com", dkim=[Dkim("d.example.com")], spf=[Spf("s.example.com")])
    assert (verdict.spf_aligned, verdict.dkim_aligned) == (True, True)
    asked = ["example.com", "com", "s.example.com", "d.example.com"]
    assert names(found) == [f"_dmarc.{name}" for name in asked]


@pytest.mark.parametrize(
    ("records", "policy"),
    [
        ({"example_com": "v=DMARC1; p=reject"}, "reject"),
        ({"example_com": "v=DMARC1; p=none; sp=quarantine"}, "quarantine"),
        # The name does not exist.
        ({"example_com": "v=DMARC1; p=none; sp=quarantine; np=reject"}, "reject"),
        ({"example_com": "v=DMARC1; p=reject; t=y"}, "quarantine"),
        ({"example_com": "v=DMARC1; p=quarantine; t=y"}, "none"),
        # Of a public suffix, since the organization has none; not the one in between.
        ({"com": "v=DMARC1; p=none; sp=reject; psd=y", "b_example_com": "v=DMARC1; p=none"}, "reject"),
        ({"com": "v=DMARC1; p=none"}, "none"),
        ({"example_com": "v=DMARC1; p=bad; rua=mailto:a@example.com"}, "none"),
    ],
)
def test_policy_for_a_subdomain(records: dict[str, str], policy: str) -> None:
    verdict = evaluate(zone(**records).query, "a.b.example.com", spf=[Spf("other.net")])
    assert (verdict.result, verdict.policy) == ("fail", policy)


def test_no_valid_policy_is_no_record() -> None:
    assert evaluate(zone(example_com="v=DMARC1; p=bad").query, "example.com").result == "none"
    assert evaluate(zone(example_com="v=DMARC1; p=none; sp=x").query, "example.com").result == "none"
    two = Zone({"_dmarc.example.com": [{"type": "TXT", "value": "v=DMARC1; p=none"}] * 2})
    assert evaluate(two.query, "example.com").result == "none"


def test_alignment() -> None:
    relaxed = {"example_com": "v=DMARC1; p=reject"}
    assert evaluate(zone(**relaxed).query, "a.example.com", dkim=[Dkim("b.example.com")]).dkim_aligned
    assert evaluate(zone(**relaxed).query, "a.example.com", spf=[Spf("example.com")]).spf_aligned
    strict = {"example_com": "v=DMARC1; p=reject; adkim=s; aspf=s"}
    verdict = evaluate(zone(**strict).query, "example.com", dkim=[Dkim("b.example.com")], spf=[Spf("b.example.com")])
    assert verdict.result == "fail"
    assert evaluate(zone(**strict).query, "Example.com.", dkim=[Dkim("EXAMPLE.com")]).result == "pass"
    helo = [Spf("example.com", "pass", "helo"), Spf("example.com", "softfail")]
    assert evaluate(zone(**relaxed).query, "example.com", spf=helo).result == "fail"
    assert evaluate(zone(**relaxed).query, "example.com", dkim=[Dkim("example.com", "fail")]).result == "fail"


def test_without_an_answer_nothing_can_be_said() -> None:
    broken = Zone({"_dmarc.example.com": [{"type": "TIMEOUT"}]})
    assert evaluate(broken.query, "a.example.com").result == "temperror"
    own = [{"type": "TXT", "value": "v=DMARC1; p=reject; psd=n"}]
    broken = Zone({"_dmarc.example.com": own, "_dmarc.b.example.com": [{"type": "TIMEOUT"}]})
    signed = [Dkim("b.example.com")]
    assert evaluate(broken.query, "example.com", dkim=signed).result == "temperror"
    # One identifier that is aligned is enough.
    assert evaluate(broken.query, "example.com", dkim=signed, spf=[Spf("c.example.com")]).result == "pass"
    assert evaluate(broken.query, "example.com", dkim=[*signed, Dkim("example.com")]).result == "pass"


def test_rfc_7489() -> None:
    def judge(author: str, sample: float, text: str) -> tuple[str, str]:
        found = Zone({"_dmarc.example.co.uk": [{"type": "TXT", "value": text}]})
        finder = SuffixDiscovery(found.query, installed_list())
        verdict = evaluate(found.query, author, spf=[Spf("b.example.co.uk")], finder=finder, sample=lambda: sample)
        return verdict.result, verdict.policy

    assert judge("a.example.co.uk", 0.5, "v=DMARC1; p=reject")[0] == "pass"
    assert judge("a.example.co.uk", 0.5, "v=DMARC1; p=reject; aspf=s; pct=40") == ("fail", "quarantine")
    assert judge("a.example.co.uk", 0.3, "v=DMARC1; p=reject; aspf=s; pct=40") == ("fail", "reject")
    # No walk: only the domain itself and the registered one.
    assert judge("a.b.co.uk", 0.5, "v=DMARC1; p=reject")[0] == "none"


def test_a_share_of_messages() -> None:
    def judge(tags: str, sample: float) -> str:
        found = Zone({"_dmarc.example.com": [{"type": "TXT", "value": f"v=DMARC1; p=reject; {tags}"}]})
        return evaluate(found.query, "example.com", sample=lambda: sample).policy

    assert [judge("pct=40", sample) for sample in (0.3, 0.5)] == ["reject", "quarantine"]
    assert [judge("pct=0", 0.0), judge("t=y; pct=0", 0.0), judge("t=y", 0.0)] == ["quarantine"] * 3
