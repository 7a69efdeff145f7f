"""Callouts and their cache (manual 44.46 to 44.48), with servers made of a few rules."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eximia.base.errors import NetworkError
from eximia.base.span import NOWHERE
from eximia.base.template import Template
from eximia.config.binding import Given, Instance
from eximia.context import Address, Context, Host
from eximia.context.verification import Verified
from eximia.hints import CalloutAddress, CalloutDomain
from eximia.transports.options.smtp import SmtpTransportOptions
from support_acl import World

Rule = Callable[[str], str | None]


class Stream:
    """A server that answers each command by rule; `said` keeps the commands."""

    peer = ("10.0.0.1", 25)
    local = ("10.0.0.9", 1)

    def __init__(self, rule: Rule, said: list[str]) -> None:
        self.rule = rule
        self.said = said
        self.waiting = (rule("connect") or "220 ready") + "\r\n"

    def send(self, data: bytes) -> None:
        for line in data.decode().splitlines():
            self.said.append(line)
            self.waiting += (self.rule(line) or "250 ok") + "\r\n"

    def recv(self, timeout: float) -> bytes:
        data, self.waiting = self.waiting.encode(), ""
        return data

    def set_send_timeout(self, seconds: float) -> None: ...
    def fileno(self) -> int:
        return -1

    def pending(self) -> bool:
        return False

    def close(self) -> None: ...
    def abort(self) -> None: ...


class Net:
    """Servers by address."""

    def __init__(self) -> None:
        self.servers: dict[str, Rule] = {}
        self.said: list[str] = []
        self.connections = 0

    def connect(self, address: str, port: int, *, timeout: float, interface: str = "") -> Stream:
        self.connections += 1
        rule = self.servers.get(address)
        if rule is None:
            raise NetworkError("Connection refused", 111)
        return Stream(rule, self.said)


class Routers:
    """Every address goes to the hosts by SMTP."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = [Host(f"h{n}.ex", address) for n, address in enumerate(hosts)]
        options = SmtpTransportOptions()
        self.transport: Instance[Any] = Instance("t", NOWHERE, "smtp", options, Given())

    def verify(self, ctx: Context, address: str, kind: str, **_: object) -> Verified:
        target = Address(address)
        target.domain = address.rpartition("@")[2]
        target.hosts = list(self.hosts)
        target.transport = self.transport
        return Verified("ok", routed=[target])


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, callout_random_local_part=Template("random"))
    world.session.host_checking = False
    world.process.ports.net = Net()
    world.process.services.verify = Routers("10.0.0.1")  # type: ignore[assignment]
    return world


def serve(world: World, rule: Rule, address: str = "10.0.0.1") -> Net:
    net: Net = world.process.ports.net  # type: ignore[assignment]
    net.servers[address] = rule
    return net


def try_recipient(world: World, options: str, local_part: str = "q") -> list[str]:
    world.define(f"a:\n require verify = recipient/callout={options}\n accept\n")
    return world.rcpt(local_part)


def refuse(word: str, reply: str) -> Rule:
    return lambda line: reply if word in line else None


def last_log(world: World) -> str:
    return world.log.written[-1][1].partition("rejected RCPT ")[2]


def test_accepted_and_cached(world: World) -> None:
    net = serve(world, lambda line: None)
    for _ in range(2):
        assert try_recipient(world, "10s") == ["250 Accepted"]
    assert net.said == ["EHLO mx.test.ex", "MAIL FROM:<>", "RCPT TO:<q@test.ex>", "QUIT"]
    assert world.process.hints.callout_addresses.get("q@test.ex") == CalloutAddress(accepted=True)
    world.clock.now += 86401
    try_recipient(world, "10s")
    assert net.connections == 2


def test_refused_recipient(world: World) -> None:
    serve(world, refuse("RCPT", "550-no\r\n550 such user"))
    assert try_recipient(world, "10s") == ["550-Callout verification failed:", "550-550-no", "550 550 such user"]
    assert last_log(world).startswith(
        "<q@test.ex>: h0.ex [10.0.0.1] : SMTP error from remote mail server after RCPT TO:<q@test.ex>: 550-no"
    )
    assert world.message.recipient_verify_failure == "recipient"
    assert try_recipient(world, "10s") == ["550 Previous (cached) callout verification failure"]


def test_mail_refused_for_bounces_is_remembered_for_the_domain(world: World) -> None:
    net = serve(world, refuse("MAIL FROM:<>", "550 no bounces"))
    assert try_recipient(world, "10s") == ["550-Callout verification failed:", "550 550 no bounces"]
    assert world.message.recipient_verify_failure == "mail"
    assert try_recipient(world, "10s", "other") == ["550 (result of an earlier callout reused)."]
    assert net.connections == 1
    assert try_recipient(world, "10s,use_sender", "other") == ["250 Accepted"]
    assert world.process.hints.callout_addresses.get("other@test.ex/<s@x.ex>") == CalloutAddress(accepted=True)


def test_initial_refusal(world: World) -> None:
    serve(world, refuse("connect", "554 no service"))
    assert try_recipient(world, "10s") == ["550-Callout verification failed:", "550 554 no service"]
    assert last_log(world) == (
        "<q@test.ex>: h0.ex [10.0.0.1] : SMTP error from remote mail server after initial connection: 554 no service"
    )


def test_nobody_there(world: World) -> None:
    assert try_recipient(world, "10s") == ["451 Could not complete recipient verify callout"]
    assert last_log(world) == (
        "<q@test.ex>: Could not complete recipient verify callout: h0.ex [10.0.0.1] : Connection refused"
    )
    assert try_recipient(world, "10s,defer_ok") == ["250 Accepted"]
    assert try_recipient(world, "10s/defer_ok") == ["250 Accepted"]
    assert world.process.hints.callout_domains.get("test.ex") is None


def test_next_host_after_a_temporary_answer(world: World) -> None:
    world.process.services.verify = Routers("10.0.0.1", "10.0.0.2")  # type: ignore[assignment]
    serve(world, refuse("RCPT", "451 later"))
    serve(world, lambda line: None, "10.0.0.2")
    assert try_recipient(world, "10s") == ["250 Accepted"]


def test_random(world: World) -> None:
    net = serve(world, refuse("RCPT TO:<bad", "550 no"))
    assert try_recipient(world, "10s,random") == ["250 Accepted"]
    assert world.message.recipient_verify_failure == "random"
    assert try_recipient(world, "10s,random", "bad") == ["250 Accepted"]
    assert net.connections == 1
    assert "RCPT TO:<random@test.ex>" in net.said


def test_random_refused_then_the_address(world: World) -> None:
    net = serve(world, refuse("random", "550 no"))
    assert try_recipient(world, "10s,random") == ["250 Accepted"]
    assert net.said[1:] == [
        "MAIL FROM:<>", "RCPT TO:<random@test.ex>", "RSET", "MAIL FROM:<>", "RCPT TO:<q@test.ex>", "QUIT",
    ]  # fmt: skip
    domain = world.process.hints.callout_domains.get("test.ex")
    assert domain == CalloutDomain("accept", "unknown", 0, "reject", int(world.clock.now))


def test_postmaster(world: World) -> None:
    serve(world, refuse("postmaster", "550 no postmaster"))
    assert try_recipient(world, "10s,postmaster") == ["550-Callout verification failed:", "550 550 no postmaster"]
    assert world.message.recipient_verify_failure == "postmaster"
    assert try_recipient(world, "10s,postmaster") == ["550 (result of earlier verification reused)."]
    assert try_recipient(world, "10s") == ["250 Accepted"]


def test_full_postmaster(world: World) -> None:
    net = serve(world, refuse("postmaster@", "550 no postmaster"))
    assert try_recipient(world, "10s,fullpostmaster") == ["250 Accepted"]
    assert "RCPT TO:<postmaster>" in net.said


def test_no_cache(world: World) -> None:
    net = serve(world, lambda line: None)
    for _ in range(2):
        try_recipient(world, "10s,no_cache,use_postmaster")
    assert net.connections == 2
    assert "MAIL FROM:<postmaster@mx.test.ex>" in net.said
    assert list(world.process.hints.callout_domains.scan()) == []


def test_sender_callout_is_explained(world: World) -> None:
    serve(world, refuse("RCPT", "550 unknown"))
    world.define("a:\n require verify = sender/callout\n accept\n")
    assert world.rcpt("q") == [
        "550-Verification failed for <s@x.ex>",
        "550-Called:   10.0.0.1",
        "550-Sent:     RCPT TO:<s@x.ex>",
        "550-Response: 550 unknown",
        "550 Sender verify failed",
    ]


def test_pending_replies_are_sent_first(world: World) -> None:
    flushed: list[int] = []
    serve(world, lambda line: None)
    world.session.flush = lambda: flushed.append(1)
    try_recipient(world, "10s,no_cache")
    world.session.no_callout_flush = True
    try_recipient(world, "10s,no_cache")
    assert flushed == [1]


def test_no_callout_while_testing_hosts(world: World) -> None:
    net = serve(world, refuse("RCPT", "550 no"))
    world.session.host_checking = True
    assert try_recipient(world, "10s") == ["250 Accepted"]
    world.session.callouts = True
    assert try_recipient(world, "10s")[-1] == "550 550 no"
    assert net.connections == 1
