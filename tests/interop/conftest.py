"""The servers of `support_rows`, and what the tests of TLS share, as fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.tls_world import Ours
from support_rows import FAR, Near, Server, near_server, open_folder
from support_tls import Pki


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


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, pki: Pki) -> Iterator[Ours]:
    """A server that plays many parts."""
    made = Ours(tmp_path_factory.mktemp("ours"), pki)
    yield made
    made.close()
