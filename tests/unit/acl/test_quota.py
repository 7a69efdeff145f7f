"""`verify = recipient/quota` and its cache (manual 44.49)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from eximia.context import Context
from eximia.context.delivery import Errno, Outcome, Result
from eximia.context.verification import Verified
from support_acl import World

FULL = Outcome(Result.DEFERRED, "mailbox is full", Errno.QUOTA)


class Mailboxes:
    """Answers by local part; notes who was asked."""

    def __init__(self, world: World, **answers: Outcome) -> None:
        self.answers = answers
        self.asked: list[str] = []
        services: Any = world.process.services
        services.mailbox_room = self.room
        routers = world.routers

        def verify(ctx: Context, address: str, kind: str, **_: Any) -> Verified:
            if address.startswith("none@"):
                return Verified("fail", "Unrouteable address", "", "route")
            return Verified("ok", routed=[SimpleNamespace(address=address, hosts=[], transport=None)])  # type: ignore[list-item]

        routers.verify = verify  # type: ignore[method-assign, assignment]

    def room(self, ctx: Context, address: Any) -> Outcome | None:
        self.asked.append(address.address)
        return self.answers.get(address.address.partition("@")[0])


def test_verdicts_and_cache(tmp_path: Path) -> None:
    world = World(tmp_path)
    boxes = Mailboxes(world, full=FULL, odd=Outcome(Result.DEFERRED, "odd", 5))
    world.define("a:\n require verify = recipient/quota=cachepos=10s,cacheneg=20s\n accept\n")
    prefix = "H=(cl.ex) [1.2.3.4] F=<s@x.ex>"
    assert world.rcpt("ok") == ["250 Accepted"]
    assert world.rcpt("full") == ["550 Administrative prohibition"]
    assert world.rcpt("none") == ["550 Administrative prohibition"]
    assert world.rcpt("odd")[0].startswith("451 ")
    assert world.rcpt("full") == ["550 Administrative prohibition"]
    assert world.rcpt("ok") == ["250 Accepted"]
    assert boxes.asked == ["ok@test.ex", "full@test.ex", "odd@test.ex"]
    assert [line for name, line in world.log.written if name == "main"] == [
        f"{prefix} rejected RCPT <full@test.ex>: Over quota",
        f"{prefix} rejected RCPT <none@test.ex>: Unrouteable address",
        f"{prefix} temporarily rejected RCPT <odd@test.ex>: odd",
        f"{prefix} rejected RCPT <full@test.ex>: Previous (cached) quota verification failure",
    ]
    world.clock.now += 15
    world.rcpt("ok")
    world.rcpt("full")
    assert boxes.asked[3:] == ["ok@test.ex"]


def test_no_cache(tmp_path: Path) -> None:
    world = World(tmp_path)
    boxes = Mailboxes(world, full=FULL)
    world.define("a:\n require verify = recipient/quota=no_cache\n accept\n")
    world.rcpt("ok")
    world.rcpt("ok")
    assert boxes.asked == ["ok@test.ex"] * 2
