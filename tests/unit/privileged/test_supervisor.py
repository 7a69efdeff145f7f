"""The parent of a server, without processes."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from types import SimpleNamespace

from eximia.privileged.supervisor import Supervisor


def parent(pid_file: Path) -> Supervisor:
    return Supervisor(SimpleNamespace(pid_file=str(pid_file)), [], -1)  # type: ignore[arg-type]


def test_workers_that_do_not_serve_yet_are_not_asked_what_they_do(tmp_path: Path) -> None:
    """They would die of the question."""
    server = parent(tmp_path / "pid")
    asked: list[int] = []
    for index, ready in enumerate((True, False)):
        process = SimpleNamespace(send_signal=lambda _, index=index: asked.append(index))
        server.workers.append(SimpleNamespace(ready=ready, process=process))  # type: ignore[arg-type]
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.send(bytes([signal.SIGUSR1]))
        server.signals(reader)
    assert asked == [0]


def test_the_pid_file_of_a_later_server_stays(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    server = parent(path)
    server.write_pid_file()
    path.write_text("1\n")
    server.remove_pid_file()
    assert path.exists()
    server.write_pid_file()
    server.remove_pid_file()
    assert not path.exists()


def test_everybody_may_read_the_pid_file(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        parent(tmp_path / "pid").write_pid_file()
    finally:
        os.umask(umask)
    assert (tmp_path / "pid").stat().st_mode & 0o777 == 0o644
