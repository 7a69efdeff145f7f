"""A daemon that always answers alike, and a small world with a message for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eximia.base.errors import NetworkError
from eximia.context import Body
from eximia.message.header import Header
from support_acl import World


class Daemon:
    """Answers every connection alike; `asked` is what it was sent."""

    def __init__(self, *answer: bytes, closed: bool = False) -> None:
        self.answer = answer
        self.closed = closed
        self.asked: list[bytes] = []
        self.places: list[str] = []
        self._left: list[bytes] = []

    def connect(self, address: str, port: int, **_: Any) -> Daemon:
        self.places.append(f"{address} {port}")
        return self._open()

    def connect_unix(self, path: str, **_: Any) -> Daemon:
        self.places.append(path)
        return self._open()

    def _open(self) -> Daemon:
        if self.closed:
            raise NetworkError("refused", 111)
        self.asked.append(b"")
        self._left = list(self.answer)
        return self

    def send(self, data: bytes) -> None:
        self.asked[-1] += data

    def recv(self, timeout: float) -> bytes:
        return self._left.pop(0) if self._left else b""

    def shutdown(self) -> None:
        self.asked[-1] += b"<end>"

    def close(self) -> None: ...


def make(tmp_path: Path, daemon: Daemon, **options: Any) -> World:
    world = World(tmp_path, **options)
    ports: Any = world.process.ports
    ports.net = daemon
    world.message.id = "1abcde-0001"
    world.message.headers = [Header("Subject: x\n")]
    world.message.body = Body(b"body\n")
    return world
