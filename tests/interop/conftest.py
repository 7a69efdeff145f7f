"""The servers of `support_rows` as fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support_rows import FAR, Near, Server, near_server, open_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


@pytest.fixture
def far(folder: Path) -> Iterator[Server]:
    """An Exim daemon that takes messages and keeps them in its spool."""
    server = Server(folder / "far", ["exim4"], FAR)
    yield server
    server.stop()


@pytest.fixture
def near(folder: Path, far: Server) -> Iterator[Near]:
    """Our daemon, with additions to its configuration."""
    servers: list[Server] = []

    def start(**parts: str) -> Server:
        servers.append(near_server(folder / f"near{len(servers) or ''}", far.port, **parts))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
