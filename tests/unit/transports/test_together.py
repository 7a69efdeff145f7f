"""Local deliveries at the same moment, when what they deliver into is not there yet."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from eximia.transports.jobs import autoreply
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
