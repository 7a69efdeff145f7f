"""Local deliveries at the same moment, when what they deliver into is not there yet."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from pathlib import Path

import pytest

from eximia.transports.jobs import autoreply, locking
from support_together import AT_ONCE, in_processes, in_threads
from support_transports import World

ROUNDS = 15
OK = "=> joe <joe@y.example> R=r T=t"


def messages(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


@pytest.mark.parametrize("together", [in_threads, in_processes])
@pytest.mark.parametrize(
    ("settings", "files"),
    [
        ({"directory": "m", "maildir_format": True}, AT_ONCE),
        ({"directory": "m/a/b", "maildir_format": True, "quota": "1G", "maildir_use_size_file": True}, AT_ONCE + 1),
        ({"directory": "m/a", "mailstore_format": True}, 2 * AT_ONCE),
        ({"directory": "m/a"}, AT_ONCE),
        ({"file": "m/a/b"}, 1),
        ({"file": "m/a/b", "mbx_format": True, "use_mbx_lock": True}, 1),
    ],
)
def test_the_first_messages_of_a_mailbox(tmp_path, settings, files, together):
    for count in range(ROUNDS):
        top = tmp_path / str(count)
        top.mkdir()
        words = {k: f"{top}/{v}" if k in ("directory", "file") else v for k, v in settings.items()}

        def work(number: int, words: dict[str, object] = words) -> str:
            world = World()
            world.message.id = f"1xV3Jl-0002UP-1{number}"
            return "\n".join(world.run(world.transport("appendfile", **words), "joe@y.example"))

        assert together(work) == [OK] * AT_ONCE
        assert messages(top) == files


@pytest.mark.parametrize("together", [in_threads, in_processes])
def test_a_new_mailbox_has_its_mode_a_moment_later(tmp_path, together, monkeypatch):
    change = os.fchmod

    def slowly(fd: int, mode: int) -> None:
        time.sleep(0.05)
        change(fd, mode)

    monkeypatch.setattr(os, "fchmod", slowly)
    file = tmp_path / "mbox"

    def work(number: int) -> str:
        time.sleep(number * 0.005)
        world = World()
        transport = world.transport("appendfile", file=str(file), mode=0o660, use_lockfile=False)
        return "\n".join(world.run(transport, "joe@y.example"))

    umask = os.umask(0o022)
    try:
        assert together(work) == [OK] * AT_ONCE
    finally:
        os.umask(umask)
    assert file.stat().st_mode & 0o777 == 0o660
    assert file.read_bytes().count(b"Subject: hi") == AT_ONCE


@pytest.mark.parametrize("replaced", [False, True])
def test_a_mailbox_that_goes_while_its_lock_is_waited_for(tmp_path, replaced, monkeypatch):
    file = tmp_path / "mbox"
    file.write_bytes(b"old\n")
    file.chmod(0o600)
    reader = os.open(file, os.O_RDWR)
    fcntl.flock(reader, fcntl.LOCK_EX)

    def leave(seconds: float) -> None:
        file.unlink()
        if replaced:
            file.write_bytes(b"rewritten\n")
            file.chmod(0o600)
        os.close(reader)
        monkeypatch.undo()

    monkeypatch.setattr(locking.time, "sleep", leave)
    world = World()
    words = {"use_lockfile": False, "use_fcntl_lock": False, "use_flock_lock": True, "lock_flock_timeout": 10}
    transport = world.transport("appendfile", file=str(file), **words)
    assert world.run(transport, "joe@y.example") == [OK]
    text = file.read_bytes()
    assert text.startswith(b"rewritten\n" if replaced else b"From ")
    assert b"Subject: hi" in text


@pytest.mark.parametrize("size", [0, 100000])
def test_the_first_answers_of_a_once_file(tmp_path, size):
    for count in range(ROUNDS):
        once = tmp_path / str(count)
        asked = {
            "log": "", "once": str(once), "once_folder": False, "once_file_size": size, "once_repeat": 0, "file": "",
            "mode": 0o600, "transport": "t", "stamp": "now", "file_optional": False, "log_text": "",
        }  # fmt: skip

        def work(number: int, asked: dict[str, object] = asked) -> str:
            fields = {**asked, "to": f"u{number}@x"}
            first = autoreply.run({"step": "read", **fields}, [])
            return f"{first.get('sent_before', first)} {autoreply.run({'step': 'record', **fields}, [])['result']}"

        assert in_processes(work) == ["False done"] * AT_ONCE
        for number in range(AT_ONCE):
            assert autoreply.run({"step": "read", **asked, "to": f"u{number}@x"}, [])["sent_before"], number


def test_an_empty_once_file_is_a_new_one(tmp_path):
    once = tmp_path / "once"
    once.write_bytes(b"")
    asked = {
        "log": "", "once": str(once), "once_folder": False, "once_file_size": 0, "once_repeat": 0, "file": "",
        "mode": 0o600, "transport": "t", "stamp": "now", "file_optional": False, "log_text": "", "to": "a@b",
    }  # fmt: skip
    assert autoreply.run({"step": "read", **asked}, [])["sent_before"] is False
    autoreply.run({"step": "record", **asked}, [])
    assert autoreply.run({"step": "read", **asked}, [])["sent_before"]
    assert struct.pack("<I", 0x61561) in once.read_bytes()[:64], "the magic number of the DBM library's hash files"
