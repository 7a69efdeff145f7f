"""exim_lock, when others lock the same file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from eximia.cli.utilities.lock import command

OLD = time.time() - 100_000


@pytest.mark.parametrize("call", ["stat", "unlink"])
def test_a_lock_file_that_is_given_up_in_this_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    mailbox, lock = tmp_path / "box", tmp_path / "box.lock"
    mailbox.write_text("")
    lock.write_text("")
    os.utime(lock, (OLD, OLD))
    real = getattr(os, call)

    def late(path: str, *args: object, **more: object) -> object:
        if str(path) == str(lock):
            monkeypatch.undo()
            lock.unlink()
        return real(path, *args, **more)

    monkeypatch.setattr(os, call, late)
    assert command(["-q", "-lockfile", "-interval", "0", str(mailbox), "true"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["box"]


def test_a_lock_file_that_another_held_for_expired(tmp_path: Path) -> None:
    mailbox = tmp_path / "box"
    mailbox.write_text("")
    assert command(["-q", "-lockfile", str(mailbox), f"rm {mailbox}.lock"]) == 0
