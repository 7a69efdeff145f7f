"""SPF; expected results and texts are those of an Exim 4.96 with the same records, but for broken records, where the
manual's permerror stands against its "(invalid)"."""

from __future__ import annotations

from pathlib import Path

import pytest

from eximia.acl import phases
from eximia.acl.result import Outcome
from eximia.mailauth.spf.check import check_host
from eximia.mailauth.spf.macros import Asked, MacroError, expand_macros
from eximia.mailauth.spf.terms import RecordError, parse
from support_acl import World

ZONE = [
    ("pass.ex", "TXT", "v=spf1 ip4:1.2.3.0/24 -all"),
    ("fail.ex", "TXT", "v=spf1 ip4:9.9.9.9 -all"),
    ("soft.ex", "TXT", "v=spf1 ip4:9.9.9.9 ~all"),
    ("noend.ex", "TXT", "v=spf1 ip4:9.9.9.9"),
    ("none.ex", "TXT", "hello"),
    ("perm.ex", "TXT", "v=spf1 foo:bar -all"),
    ("two.ex", "TXT", "v=spf1 -all", "v=spf1 +all"),
    ("incl.ex", "TXT", "v=spf1 include:pass.ex -all"),
    ("inclf.ex", "TXT", "v=spf1 include:fail.ex ~all"),
    ("incln.ex", "TXT", "v=spf1 include:none.ex -all"),
    ("redir.ex", "TXT", "v=spf1 redirect=fail.ex"),
    ("red0.ex", "TXT", "v=spf1 redirect=none.ex"),
    ("aa.ex", "TXT", "v=spf1 a mx -all"),
    ("aa.ex", "A", "1.2.3.4"),
    ("mm.ex", "TXT", "v=spf1 mx -all"),
    ("mm.ex", "MX", "5 mh.mm.ex"),
    ("mh.mm.ex", "A", "1.2.3.4"),
    ("pre.ex", "TXT", "v=spf1 a:apre.ex/24 -all"),
    ("apre.ex", "A", "1.2.3.200"),
    ("exs.ex", "TXT", "v=spf1 exists:%{ir}.%{l}.x.ex -all"),
    ("4.3.2.1.a.x.ex", "A", "127.0.0.2"),
    ("ptr.ex", "TXT", "v=spf1 ptr -all"),
    ("4.3.2.1.in-addr.arpa", "PTR", "h.ptr.ex"),
    ("h.ptr.ex", "A", "1.2.3.4"),
    ("loop.ex", "TXT", "v=spf1 include:loop.ex -all"),
    ("void.ex", "TXT", "v=spf1 a:n1.ex a:n2.ex +all"),
    ("voids.ex", "TXT", "v=spf1 a:n1.ex a:n2.ex exists:n3.ex +all"),
    ("mod.ex", "TXT", "v=spf1 foo=bar ip4:1.2.3.4 -all"),
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for name, rtype, *values in ZONE:
        world.resolver.add(name, rtype, *values)
    return world


@pytest.mark.parametrize(
    ("domain", "result"),
    [
        ("pass.ex", "pass"),
        ("fail.ex", "fail"),
        ("soft.ex", "softfail"),
        ("noend.ex", "neutral"),
        ("none.ex", "none"),
        ("nxd.ex", "none"),
        ("perm.ex", "permerror"),
        ("two.ex", "permerror"),
        ("incl.ex", "pass"),
        ("inclf.ex", "softfail"),
        ("incln.ex", "permerror"),
        ("redir.ex", "fail"),
        ("red0.ex", "permerror"),
        ("aa.ex", "pass"),
        ("mm.ex", "pass"),
        ("pre.ex", "pass"),
        ("exs.ex", "pass"),
        ("ptr.ex", "pass"),
        ("loop.ex", "permerror"),
        ("void.ex", "pass"),
        ("voids.ex", "permerror"),
        ("mod.ex", "pass"),
    ],
)
def test_results(world: World, domain: str, result: str) -> None:
    assert check_host(world.resolver.query, Asked("1.2.3.4", f"a@{domain}", "h.ex"), domain).result == result


def test_an_own_record_may_ask_in_vain(world: World) -> None:
    asked = Asked("1.2.3.4", "a@nosuch.ex", "h.ex")
    assert (
        check_host(world.resolver.query, asked, "nosuch.ex", "v=spf1 a/24 mx/24 exists:n3.ex ?all").result == "neutral"
    )


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 all:x",
        "v=spf1 include",
        "v=spf1 ip4:1.2.3",
        "v=spf1 a/33",
        "v=spf1 a:",
        "v=spf1 redirect=",
        "v=spf1 !all",
    ],
)
def test_broken_records(text: str) -> None:
    with pytest.raises(RecordError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # RFC 7208 section 7.4
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l-}", "strong.bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{S}%_%%", "strong-bad%40email.example.com %"),
    ],
)
def test_macros(text: str, value: str) -> None:
    asked = Asked("192.0.2.3", "strong-bad@email.example.com", "h.ex")
    assert expand_macros(text, asked, "email.example.com") == value


def test_macros_of_ipv6() -> None:
    asked = Asked("2001:db8::cb01", "a@b", "h.ex")
    expected = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6"
    assert expand_macros("%{ir}.%{v}", asked, "d.ex") == expected
    for bad in ("%", "%{z}", "%{c}", "%x"):
        with pytest.raises(MacroError):
            expand_macros(bad, asked, "d.ex")


def test_condition_and_variables(world: World) -> None:
    world.session.sender_helo_name = "pass.ex"
    world.message.sender_address = "a@fail.ex"
    world.define(
        "a:\n warn spf = fail\n logwrite = $spf_result/$spf_result_guessed/$spf_smtp_comment\n"
        " warn logwrite = $spf_received\n deny spf = !fail\n deny spf = pass:none\n accept\n"
    )
    assert world.run(phases.RCPT).outcome is Outcome.ACCEPT
    words = "mx.test.ex: domain of fail.ex does not designate 1.2.3.4 as permitted sender"
    assert [text for _, text in world.log.written] == [
        "fail/no/Please see http://www.open-spf.org/Why : Reason: mechanism",
        f"Received-SPF: fail ({words}) client-ip=1.2.3.4; envelope-from=a@fail.ex; helo=pass.ex;",
    ]
    assert world.message.auth_results["spf"] == "fail smtp.mailfrom=fail.ex"


def test_null_sender_and_guess(world: World) -> None:
    world.session.sender_helo_name = "pass.ex"
    world.message.sender_address = ""
    world.define("a:\n deny !spf = pass\n accept logwrite = $spf_received\n")
    assert world.run(phases.MAIL).outcome is Outcome.ACCEPT
    assert "envelope-from=postmaster@pass.ex;" in world.log.written[0][1]
    assert world.message.auth_results["spf"] == "pass smtp.helo=pass.ex"
    world.message.sender_address = "a@nxd.ex"
    world.define("a:\n accept spf_guess = neutral\n logwrite = $spf_result_guessed\n")
    assert world.run(phases.MAIL).outcome is Outcome.ACCEPT
    assert world.log.written[-1][1] == "yes"


def test_only_while_there_is_a_sender(world: World) -> None:
    world.define("a:\n accept spf = pass\n")
    result = world.run(phases.CONNECT)
    assert result.outcome is Outcome.ERROR
    assert "cannot test spf condition in connection ACL" in result.log_message
