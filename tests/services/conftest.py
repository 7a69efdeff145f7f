"""Folders for servers that run as other users: pytest's own are for their owner alone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


class Folders:
    """Makes folders that everybody may enter; `close` removes them."""

    def __init__(self) -> None:
        self.made: list[Path] = []

    def mktemp(self, name: str) -> Path:
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        folder.chmod(0o755)
        self.made.append(folder)
        return folder

    def close(self) -> None:
        for folder in self.made:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def tmp_path_factory() -> Iterator[Folders]:
    folders = Folders()
    yield folders
    folders.close()


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    folders = Folders()
    yield folders.mktemp("test")
    folders.close()
