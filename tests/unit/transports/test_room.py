"""Asking a mailbox for room before the message is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eximia.context.delivery import Errno, Outcome
from eximia.transports.room import mailbox_room
from support_transports import World


def ask(size: int, driver: str = "appendfile", **settings: Any) -> Outcome | None:
    world = World()
    world.message.size = size
    transport = world.transport(driver, **settings)
    return mailbox_room(world.context(), world.address("joe@y.example", transport))


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"x" * 900)
    assert ask(100, file=str(path), quota="1000") is None
    full = ask(101, file=str(path), quota="1000")
    assert full is not None
    assert full.errno == Errno.QUOTA
    assert ask(101, file=str(path), quota="1000/no_check") is None
    assert ask(10**9, file=str(path)) is None
    assert ask(-1, file=str(tmp_path / "none"), quota="1") is None
    assert not (tmp_path / "none").exists()


def test_maildir(tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    (new / "1").write_bytes(b"x" * 900)
    settings = {"directory": str(tmp_path), "maildir_format": True}
    assert ask(100, quota="1000", **settings) is None
    assert ask(101, quota="1000", **settings) is not None
    assert ask(0, quota="1M", quota_filecount="2", **settings) is not None
    assert ask(0, quota="1M", quota_filecount="3", **settings) is None


def test_bad_setting_is_for_later(tmp_path: Path) -> None:
    outcome = ask(1, file=str(tmp_path / "m"), quota="abc")
    assert outcome is not None
    assert outcome.errno != Errno.QUOTA
    assert outcome.message.startswith('Malformed value "abc"')


def test_other_transports_have_room() -> None:
    assert ask(1, "pipe", command="/bin/true") is None
