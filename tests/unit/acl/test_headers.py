"""add_header, remove_header and the message of warn (manual 44.24)."""

from pathlib import Path

import pytest

from eximia.acl import phases
from eximia.acl.headers import add_header
from eximia.context import Message
from support_acl import World


@pytest.mark.parametrize(
    "text, expected",
    [
        ("X-A: b", [("X-A: b\n", "at_end")]),
        ("\n\nX-A: b\n\n", [("X-A: b\n", "at_end")]),
        ("X-A: b\n  cont\nX-B: c", [("X-A: b\n  cont\n", "at_end"), ("X-B: c\n", "at_end")]),
        ("no header", [("X-ACL-Warn: no header\n", "at_end")]),
        (":at_start: X-A: b\n:After_Received:X-B: c", [("X-A: b\n", "at_start"), ("X-B: c\n", "after_received")]),
        (":at_start_rfc:X-A: b", [("X-A: b\n", "at_start_rfc")]),
        (":at_end:X-A: b", [("X-A: b\n", "at_end")]),
        ("X-A : b", [("X-A : b\n", "at_end")]),
        ("X A: b", [("X-ACL-Warn: X A: b\n", "at_end")]),
        ("", []),
    ],
)
def test_lines_and_positions(text: str, expected: list[tuple[str, str]]) -> None:
    message = Message()
    add_header(message, text)
    assert message.added_headers == expected


def test_duplicates_are_added_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.define(
        "a:\n warn add_header = X-A: b\n      add_header = X-A: b\n warn condition = no\n      add_header = X-No: x\n"
        " warn message = X-Late: y\n      condition = no\n warn message = X-Old: z\n"
        " accept remove_header = x-one : x-two\n"
    )
    world.run(phases.DATA)
    assert [line for line, _ in world.message.added_headers] == ["X-A: b\n", "X-Old: z\n"]
    assert world.message.removed_headers == ["x-one", "x-two"]


def test_added_headers_are_shown(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.define("a:\n warn add_header = X-A: b\n accept message = <$headers_added>\n")
    assert world.run(phases.DATA).user_message.startswith("<X-A: b")
