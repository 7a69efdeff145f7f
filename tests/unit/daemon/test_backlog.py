"""`smtp_backlog_monitor` (manual 14)."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from eximia.daemon.backlog import monitor


class Listening:
    """A listening socket on which `count` connections wait."""

    def __init__(self, count: int) -> None:
        self.count = count

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        return bytes(24) + struct.pack("=I", self.count)

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 25)


@pytest.mark.parametrize(
    ("limit", "count", "lines"), [(1, 1, []), (1, 2, ["listen backlog 2 I=[127.0.0.1]:25"]), (5, 2, [])]
)
def test_a_long_backlog_is_logged(limit: int, count: int, lines: list[str]) -> None:
    said: list[str] = []
    watch = monitor(limit, said.append)
    assert watch is not None
    sock: Any = Listening(count)
    watch(sock)
    assert said == lines


def test_nothing_is_watched_by_default() -> None:
    assert monitor(0, lambda line: None) is None
