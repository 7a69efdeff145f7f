"""`greylist` and `user_limit`, our conditions on the hints store."""

from __future__ import annotations

from pathlib import Path

import pytest

from eximia.acl import phases
from eximia.acl.result import Outcome
from support_acl import World


def ask(world: World, condition: str, *, recipient: str = "q", phase: phases.Phase = phases.RCPT) -> str:
    """The outcome, and what the client must wait."""
    world.address.local_part = recipient
    world.define(f"a:\n defer greylist = {condition}\n message = $greylist_wait\n accept\n")
    result = world.run(phase)
    assert result.outcome in (Outcome.ACCEPT, Outcome.DEFER), result
    return result.user_message if result.outcome is Outcome.DEFER else "pass"


def test_comes_back_in_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert ask(world, "5m") == "300"
    world.clock.now += 100
    assert ask(world, "5m") == "200"
    assert ask(world, "5m", recipient="other") == "300"
    world.clock.now += 200
    assert ask(world, "5m") == "pass"
    world.session.sender_host_address = "1.2.3.200"
    assert ask(world, "5m") == "pass", "the same network"
    assert ask(world, "5m/net4=32") == "300"
    world.message.sender_address = "else@x.ex"
    assert ask(world, "5m") == "300"


def test_too_late_begins_anew(tmp_path: Path) -> None:
    world = World(tmp_path)
    ask(world, "5m/window=1h")
    world.clock.now += 3601
    assert ask(world, "5m/window=1h") == "300"


def test_known_until_it_was_away_for_long(tmp_path: Path) -> None:
    world = World(tmp_path)
    ask(world, "5m")
    world.clock.now += 300
    for _ in range(3):
        assert ask(world, "5m/keep=2d") == "pass"
        world.clock.now += 86400
    world.clock.now += 86401
    assert ask(world, "5m/keep=2d") == "300"


def test_networks_that_pass_often(tmp_path: Path) -> None:
    world = World(tmp_path)
    for name in "abc":
        assert ask(world, "5m/auto=3", recipient=name) == "300"
    world.clock.now += 300
    for name in "abc":
        assert ask(world, "5m/auto=3", recipient=name) == "pass"
        assert ask(world, "5m/auto=3", recipient=name) == "pass"
    assert ask(world, "5m/auto=3", recipient="new") == "pass"
    assert ask(world, "5m/auto=4", recipient="newer") == "300"


def test_own_key_readonly_and_data(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert ask(world, "5m/key=k/readonly") == "300"
    world.clock.now += 300
    assert ask(world, "5m/key=k") == "300", "the first was not written"
    world.clock.now += 300
    assert ask(world, "5m/key=k", recipient="any") == "pass"
    assert ask(world, "5m", phase=phases.DATA) == "300"
    assert ask(world, "false") == "pass"
    world.session.sender_host_address = "2001:db8::1"
    ask(world, "0s")
    assert world.message.variables["greylist_key"] == "2001:db8::/64 s@x.ex q@test.ex"


@pytest.mark.parametrize("argument", ["x", "5m/nonsense", "5m/auto=x", "5m/window=", "5m/key="])
def test_bad_greylist(tmp_path: Path, argument: str) -> None:
    world = World(tmp_path)
    world.define(f"a:\n defer greylist = {argument}\n accept\n")
    assert world.run(phases.RCPT).outcome is Outcome.ERROR


def limited(world: World, argument: str) -> str:
    world.define(
        f"a:\n deny user_limit = {argument}\n message = $user_limit_wait\n accept message = $user_limit_used $user_limit_left\n"
    )
    return world.run(phases.RCPT).user_message


def test_limit(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.session.authenticated_id = "joe"
    assert limited(world, "3/1h") == "1 2"
    assert limited(world, "3/1h/count=2") == "3 0"
    world.clock.now += 600
    assert limited(world, "3/1h") == "3000"
    assert limited(world, "3/1h/readonly/count=0") == "3 0"
    world.session.authenticated_id = "ann"
    assert limited(world, "3/1h/readonly") == "0 3"
    assert limited(world, "3/1h/key=joe") == "3000"
    world.clock.now += 3000
    assert limited(world, "3/1h/key=joe") == "1 2"
    assert limited(world, "2/1h/count=3") == "3600", "what is over the limit is not counted"
    assert limited(world, "2/1h/count=2") == "2 0"


@pytest.mark.parametrize("argument", ["", "x/1h", "3", "3/x", "3/1h/count=x", "3/1h/nonsense"])
def test_bad_limit(tmp_path: Path, argument: str) -> None:
    world = World(tmp_path)
    world.define(f"a:\n deny user_limit = {argument}\n accept\n")
    assert world.run(phases.RCPT).outcome is Outcome.ERROR
