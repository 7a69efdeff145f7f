"""The main options around a DNS question."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from eximia.base.template import Template
from eximia.base.text import Untainted
from eximia.dns import Answer, Status
from eximia.dns.lookup import lookup


class World:
    def __init__(self, answer: Answer, **options: Any) -> None:
        self.now = 0.0
        self.asked: list[tuple[str, str]] = []
        self.lines: list[str] = []
        self.answer = answer
        main = SimpleNamespace(
            dns_check_names_pattern=Untainted(""),
            dns_again_means_nonexist=None,
            dns_trust_aa=None,
            slow_lookup_log=0,
            event_action=None,
        )
        vars(main).update(options)
        services = SimpleNamespace(
            regexes=SimpleNamespace(search=lambda pattern, text: pattern in text or None),
            event=lambda ctx, name, data, action: self.lines.append(f"{name}: {data}"),
            lists=SimpleNamespace(contains=lambda ctx, kind, template, name: name in template.text.split(" : ")),
        )
        ports = SimpleNamespace(
            resolver=SimpleNamespace(query=self.query), clock=SimpleNamespace(monotonic=lambda: self.now)
        )
        log = SimpleNamespace(main=lambda text, message_id: self.lines.append(f"{message_id} {text}"))
        process = SimpleNamespace(main=main, services=services, ports=ports, log=log)
        self.ctx: Any = SimpleNamespace(
            process=process,
            message=SimpleNamespace(id="1xV3H1-0001qt-0A"),
            address=SimpleNamespace(event_name=""),
        )

    def query(self, name: str, rtype: str) -> Answer:
        self.asked.append((name, rtype))
        self.now += 0.3
        return self.answer


def test_slow_questions_are_logged() -> None:
    world = World(Answer(Status.FOUND), slow_lookup_log=200)
    assert lookup(world.ctx, "a.test", "MX").found
    assert world.lines == ["1xV3H1-0001qt-0A Long MX lookup for 'a.test': 300 msec"]
    world = World(Answer(Status.FOUND), slow_lookup_log=300)
    lookup(world.ctx, "a.test", "MX")
    assert world.lines == []


def test_failures_are_events() -> None:
    world = World(Answer(Status.AGAIN), event_action=Template("x"))
    lookup(world.ctx, "a.test", "MX")
    world.ctx.address.event_name = "dns:fail"
    lookup(world.ctx, "b.test", "MX")
    assert world.lines == ["dns:fail: DNS_AGAIN:a.test:MX"]


def test_names_that_are_not_asked() -> None:
    world = World(Answer(Status.FOUND), dns_check_names_pattern=Untainted("good"))
    assert lookup(world.ctx, "good.test", "A").found
    assert lookup(world.ctx, "bad.test", "A").missing
    assert lookup(world.ctx, "bad.test", "TXT").found
    assert lookup(world.ctx, f"{'x' * 64}.good.test", "TXT").missing
    assert world.asked == [("good.test", "A"), ("bad.test", "TXT")]


def test_again_means_nonexistent_where_the_list_says() -> None:
    world = World(Answer(Status.AGAIN), dns_again_means_nonexist=Template("a.test"))
    assert lookup(world.ctx, "a.test", "MX").missing
    assert lookup(world.ctx, "b.test", "MX").status is Status.AGAIN
    assert lookup(world.ctx, "a.test", "TLSA").status is Status.AGAIN


def test_trusted_authorities() -> None:
    world = World(Answer(Status.FOUND, authority="test"), dns_trust_aa=Template("test"))
    assert lookup(world.ctx, "a.test", "A").secure
    world.answer = Answer(Status.FOUND, authority="example")
    assert not lookup(world.ctx, "a.test", "A").secure
