"""Corners of RFC 7208 and RFC 8616 that published suites leave out."""

from __future__ import annotations

import pytest

from eximia.mailauth.spf.check import Verdict, check_host
from eximia.mailauth.spf.macros import Asked
from eximia.mailauth.zone import Zone


def _check(records: dict[str, object], sender: str = "user@ex.com", ip: str = "192.0.2.1") -> tuple[Verdict, Zone]:
    zone = Zone(
        {
            name: value if isinstance(value, list) else [{"type": "TXT", "value": value}]
            for name, value in records.items()
        }
    )
    return check_host(zone.query, Asked(ip, sender, "mail.ex.com"), sender.rpartition("@")[2]), zone


def test_redirect_to_nothing_inside_an_include_ends_the_check() -> None:
    verdict, _ = _check({"ex.com": "v=spf1 ?include:in.ex.com +all", "in.ex.com": "v=spf1 redirect=none.ex.com"})
    assert verdict.result == "permerror"


@pytest.mark.parametrize("target", ["%{l}.ex.com", "%{s}", "a.%{lr-}.ex.com"])
def test_terms_with_a_foreign_local_part_never_match(target: str) -> None:
    for term in (f"-exists:{target}", f"-a:{target}/0", f"-include:{target}"):
        verdict, zone = _check({"ex.com": f"v=spf1 {term} +all"}, sender="\xc3\xa9@ex.com")
        assert verdict.result == "pass", term
        assert zone.asked == [("ex.com", "TXT")]


def test_domains_are_asked_as_a_labels() -> None:
    verdict, zone = _check(
        {
            "xn--exmple-cua.com": "v=spf1 exists:%{o}.x.ex.com -all",
            "xn--exmple-cua.com.x.ex.com": [{"type": "A", "value": "127.0.0.2"}],
        },
        sender="user@ex\xc3\xa4mple.com",
    )
    assert verdict.result == "pass"
    assert zone.asked[0] == ("xn--exmple-cua.com", "TXT")


@pytest.mark.parametrize("target", ["x" * 64 + ".com", "a..%{d}", ".%{d}"])
def test_names_that_cannot_be_asked_do_not_match(target: str) -> None:
    verdict, zone = _check({"ex.com": f"v=spf1 a:{target} mx:{target} exists:{target} ptr:{target} ?all"})
    # They are no lookups without an answer either.
    assert verdict.result == "neutral"
    assert zone.asked == [("ex.com", "TXT")]
