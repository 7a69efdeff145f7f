"""`control = debug` (manual 44.22): what it writes, and how long."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from eximia.acl.controls.debug import end_of_session
from support_acl import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.log.settings = SimpleNamespace(destination=SimpleNamespace(path=str(tmp_path / "mainlog")))  # type: ignore[attr-defined]
    return world


def test_a_session_that_is_over_is_debugged_no_more(world: World, tmp_path: Path) -> None:
    world.define("a:\n accept control = debug/tag=.one\n        condition = yes\n")
    world.rcpt("q")
    written = (tmp_path / "debuglog.one").read_text()
    assert "condition" in written
    end_of_session(world.context)
    assert world.process.trace is None
    world.define("b:\n accept condition = yes\n")
    world.rcpt("q", source="b")
    assert (tmp_path / "debuglog.one").read_text() == written


def test_other_readers_stay(world: World) -> None:
    world.trace()
    before = world.process.trace
    world.define("a:\n accept control = debug\n")
    world.rcpt("q")
    end_of_session(world.context)
    assert world.process.trace is before


def test_kill_takes_the_file_away(world: World, tmp_path: Path) -> None:
    world.define("a:\n warn control = debug\n      condition = yes\n accept control = debug/kill\n")
    world.rcpt("q")
    assert not (tmp_path / "debuglog").exists()


@pytest.mark.parametrize("tag", ["a\nb", "caf\xe9", "a" * 65])
def test_what_cannot_be_in_the_name_of_the_file(world: World, tmp_path: Path, tag: str) -> None:
    world.define("a:\n accept control = debug/tag=.$local_part\n")
    assert world.rcpt(tag)[0].startswith("451 ")
    assert not list(tmp_path.glob("debuglog*"))
