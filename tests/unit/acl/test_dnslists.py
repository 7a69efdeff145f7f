"""dnslists: the syntax of the manual's sections 44.27 to 44.37."""

from pathlib import Path

import pytest

from eximia.acl.conditions.dnslists import query_name
from eximia.acl.result import Outcome
from eximia.base.trace import Trace
from support_acl import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    add = world.resolver.add
    add("4.3.2.1.bl.ex", "A", "127.0.0.2")
    add("4.3.2.1.bl.ex", "TXT", "listed in bl")
    add("4.3.2.1.bl2.ex", "A", "127.0.0.3", "127.0.0.10")
    add("4.3.2.1.bl2.ex", "TXT", "first|second")
    add("4.3.2.1.odd.ex", "A", "10.0.0.1")
    add("4.3.2.1.odd2.ex", "A", "10.0.0.1", "127.0.0.4")
    add("4.3.2.1.fail.ex", "A", "SERVFAIL")
    add("x.ex.dbl.ex", "A", "127.0.0.2")
    add("foo.dbl.ex", "A", "127.0.0.9")
    add("fail.dbl.ex", "A", "SERVFAIL")
    add("8.8.8.8.bl.ex", "A", "127.0.0.2")
    return world


def listed(world: World, items: str) -> Outcome:
    world.define(f"a:\n accept dnslists = {items}\n")
    return world.run().outcome


YES, NO, LATER = Outcome.ACCEPT, Outcome.DENY, Outcome.DEFER


@pytest.mark.parametrize(
    "items, outcome",
    [
        ("bl.ex", YES),
        ("none.ex : bl2.ex", YES),
        ("bl2.ex=127.0.0.10", YES),
        ("bl2.ex=127.0.0.11,127.0.0.3", YES),
        ("bl2.ex==127.0.0.10", NO),
        ("bl2.ex==127.0.0.10,127.0.0.3", YES),
        ("bl2.ex!=127.0.0.10", NO),
        ("bl2.ex!==127.0.0.10", YES),
        ("bl2.ex&0.0.0.8", YES),
        ("bl2.ex&0.0.0.12", NO),
        ("bl2.ex=&0.0.0.2", YES),
        ("bl2.ex=&0.0.0.8", NO),
        ("bl2.ex!&0.0.0.2", NO),
        ("bl2.ex!=&0.0.0.8", YES),
        ("odd.ex", NO),
        ("odd2.ex", YES),
        ("fail.ex", NO),
        ("+include_unknown : fail.ex", YES),
        ("+defer_unknown : fail.ex : bl.ex", LATER),
        ("+defer_unknown : bl.ex : fail.ex", YES),
        ("+exclude_unknown : fail.ex : bl.ex", YES),
        ("dbl.ex/$sender_address_domain", YES),
        ("dbl.ex=127.0.0.9/<;bar;foo", YES),
        ("dbl.ex/bar::foo", YES),
        ("dbl.ex/bar", NO),
        ("+defer_unknown : dbl.ex/fail::foo", YES),
        ("+defer_unknown : dbl.ex/fail::bar", LATER),
        ("bl.ex/8.8.8.8", YES),
        ("bl.ex,bl2.ex=127.0.0.10", YES),
        ("none.ex,bl2.ex=127.0.0.10", NO),
        ("bl.ex=foo", NO),
        ("bl.ex=", NO),
        ("bl.ex/", NO),
        ("", NO),
    ],
)
def test_outcomes(world: World, items: str, outcome: Outcome) -> None:
    assert listed(world, items) is outcome


@pytest.mark.parametrize(
    "items, variables",
    [
        ("none.ex : bl2.ex", ("bl2.ex", "1.2.3.4", "127.0.0.3, 127.0.0.10", "first")),
        ("bl.ex,bl2.ex=127.0.0.10", ("bl.ex", "1.2.3.4", "127.0.0.2", "listed in bl")),
        ("dbl.ex/<;bar;foo", ("dbl.ex", "foo", "127.0.0.9", "")),
    ],
)
def test_variables(world: World, items: str, variables: tuple[str, ...]) -> None:
    listed(world, items)
    session = world.session
    found = (session.dnslist_domain, session.dnslist_matched, session.dnslist_value, session.dnslist_text)
    assert found == variables


def test_one_question_a_session(world: World) -> None:
    for _ in range(3):
        listed(world, "bl2.ex=127.0.0.99 : bl2.ex=127.0.0.98")
    assert world.resolver.asked == [("4.3.2.1.bl2.ex", "A")]
    world.clock.now += 301
    listed(world, "bl2.ex=127.0.0.99")
    assert len(world.resolver.asked) == 2


def test_complaints(world: World) -> None:
    listed(world, "+foo : b!.ex : odd.ex : fail.ex")
    assert list(dict.fromkeys(line for _, line in world.log.written)) == [
        "unknown item in dnslist (ignored): +foo",
        'dnslists domain "b!.ex" contains strange characters - is this right?',
        "DNS list lookup for 1.2.3.4 at odd.ex returned 10.0.0.1; not in 127.0/8 and discarded",
        "DNS list lookup defer (probably timeout) for 4.3.2.1.fail.ex: assumed not in list",
    ]


def test_ipv6_is_inverted_by_nibbles() -> None:
    assert query_name("3ffe:ffff:836f:0a00:000a:0800:200a:c031", "b.ex") == (
        "1.3.0.c.a.0.0.2.0.0.8.0.a.0.0.0.0.0.a.0.f.6.3.8.f.f.f.f.e.f.f.3.b.ex"
    )


def test_what_came_back_is_told(world: World) -> None:
    steps: list[tuple[str, str]] = []
    world.process.trace = Trace()
    world.process.trace.add_reader(lambda step: steps.append((step.subject, step.outcome)))
    listed(world, "none.ex : fail.ex : bl2.ex=127.0.0.9")
    assert [step for step in steps if step[0].startswith("4.3.")] == [
        ("4.3.2.1.none.ex", "not listed"),
        ("4.3.2.1.fail.ex", "no answer"),
        ("4.3.2.1.bl2.ex", "127.0.0.3, 127.0.0.10"),
    ]
