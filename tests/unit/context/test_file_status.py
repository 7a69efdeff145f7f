"""Files that are asked about again and again."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eximia.context.file_status import BELIEVED, file_status
from eximia.context.user_files import exists, status


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


def test_a_kept_answer_keeps_nobodys_frames(tmp_path: Path) -> None:
    server, _ = process(object())
    ctx: Any = SimpleNamespace(process=server, message=SimpleNamespace(acting=None))
    path = os.fsencode(tmp_path / "none")
    for _ in range(2):
        assert not exists(ctx, path)
        with pytest.raises(OSError, match="No such file") as raised:
            status(ctx, path)
        assert raised.value.errno == 2
    kept = file_status(server, path)
    assert isinstance(kept, OSError)
    assert kept.__traceback__ is None
