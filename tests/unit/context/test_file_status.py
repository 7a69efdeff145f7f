"""Files that are asked about again and again."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from eximia.context.file_status import BELIEVED, file_status


def process(connections: object) -> Any:
    now = [100.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    return SimpleNamespace(connections=connections, caches={}, ports=SimpleNamespace(clock=clock)), now


def test_a_server_believes_an_answer_for_a_moment(tmp_path: Path) -> None:
    server, now = process(object())
    path = str(tmp_path / "file")
    assert isinstance(file_status(server, path), FileNotFoundError)
    Path(path).write_text("x")
    assert isinstance(file_status(server, path), FileNotFoundError)
    now[0] += BELIEVED
    found = file_status(server, path)
    assert not isinstance(found, OSError)
    assert found.st_size == 1


def test_a_command_asks_each_time(tmp_path: Path) -> None:
    command, _ = process(None)
    path = str(tmp_path / "file")
    assert isinstance(file_status(command, path), FileNotFoundError)
    Path(path).write_text("x")
    assert not isinstance(file_status(command, path), OSError)
