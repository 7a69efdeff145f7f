"""Which messages wait for a host: any number, each once, the oldest first."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from eximia.hints.store import Hints
from eximia.transports.smtp.waiting import put_back, take_waiting, wait_for, waits


def context(tmp_path: Path) -> Any:
    def panic(text: str) -> None:
        raise AssertionError(text)

    hints = Hints(str(tmp_path / "db"), panic, lambda: 1000.0)
    return SimpleNamespace(process=SimpleNamespace(hints=hints), message=SimpleNamespace(id=""))


def test_many_messages_wait_for_one_host(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    ids = [f"1xV4Gp-{number:06}-2a" for number in range(1400)]
    for _ in range(2):
        for ctx.message.id in ids:
            wait_for(ctx, "smtp", "2001:db8::1")
    ctx.message.id = "1xV4Gp-0004Rm-2a"
    wait_for(ctx, "smtp", "2001:db8:")
    taken: list[str] = []
    while some := take_waiting(ctx, "smtp", "2001:db8::1"):
        taken += some
    assert taken == ids
    assert take_waiting(ctx, "smtp", "2001:db8:") == ("1xV4Gp-0004Rm-2a",)
    assert not list(ctx.process.hints.wait("smtp").scan())


def test_what_was_not_tried_waits_again(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    put_back(ctx, "smtp", "mx.example", ["a", "b", "c"])
    assert take_waiting(ctx, "smtp", "mx.example") == ("a", "b", "c")
    put_back(ctx, "smtp", "mx.example", ["b"])
    assert waits(ctx, "smtp", "mx.example", "b")
    assert not waits(ctx, "smtp", "mx.example", "a")
    assert not waits(ctx, "smtp", "other.example", "b")
