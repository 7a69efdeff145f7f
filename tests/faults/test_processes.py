"""The processes of a server: reload without dropping sessions, a worker's death, stopping, queue runs by the clock."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.world import World


@pytest.fixture
def world() -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="eximia-processes-"))
    folder.chmod(0o755)
    made = World(folder)
    made.start()
    yield made
    made.close()


def answer(sock: socket.socket, command: bytes) -> bytes:
    sock.sendall(command)
    return sock.recv(4096)


def test_reload_keeps_sessions_and_takes_the_new_configuration(world: World) -> None:
    assert world.server is not None
    with socket.create_connection(("127.0.0.1", world.port), 30) as busy:
        busy.settimeout(30)
        assert busy.recv(200).startswith(b"220 faults.example")
        answer(busy, b"EHLO x\r\n")
        answer(busy, b"MAIL FROM:<bob@local.example>\r\n")
        answer(busy, b"RCPT TO:<alice@local.example>\r\n")
        assert answer(busy, b"DATA\r\n").startswith(b"354")
        busy.sendall(b"Subject: across a reload\r\n\r\nfirst\r\n")
        old = world.worker()
        text = world.configuration.read_text()
        world.configuration.write_text(text.replace("primary_hostname = faults", "primary_hostname = renewed"))
        world.server.send_signal(signal.SIGHUP)
        world.wait_log("SIGHUP received: re-exec daemon")
        end = time.monotonic() + 60
        banner = b""
        while b"renewed.example" not in banner and time.monotonic() < end:
            with socket.create_connection(("127.0.0.1", world.port), 30) as fresh:
                banner = fresh.recv(200)
            time.sleep(0.05)
        assert banner.startswith(b"220 renewed.example")
        assert b"250 OK" in answer(busy, b"second\r\n.\r\n")
    end = time.monotonic() + 60
    while os.path.exists(f"/proc/{old}") and time.monotonic() < end:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{old}")


def test_a_configuration_that_cannot_be_used_changes_nothing(world: World) -> None:
    assert world.server is not None
    world.configuration.write_text("no such option = 1\n")
    world.server.send_signal(signal.SIGHUP)
    world.wait_log("going on with the old")
    assert "Exim configuration error in line 1 of" in (world.folder / "log" / "paniclog").read_text()
    assert world.send("alice@local.example", world.token())


def test_a_dead_worker_is_replaced_and_logged(world: World) -> None:
    os.kill(world.worker(), signal.SIGKILL)
    world.wait_serving()
    world.wait_log("ended by signal 9; starting another")
    assert world.send("alice@local.example", world.token())


def test_stopping_ends_all_and_removes_the_pid_file(world: World) -> None:
    assert world.server is not None
    worker = world.worker()
    assert (world.folder / "pid").read_text() == f"{world.server.pid}\n"
    with socket.create_connection(("127.0.0.1", world.port), 30) as idle:
        idle.recv(200)
        world.server.send_signal(signal.SIGTERM)
        assert world.server.wait(20) == 0
        idle.settimeout(30)
        assert idle.recv(200) == b"421 faults.example Service not available - closing connection\r\n"
    assert not (world.folder / "pid").exists()
    assert not os.path.exists(f"/proc/{worker}")
    world.server = None


@pytest.mark.parametrize("option", ["-d", "-dd"])
def test_debugging_of_sessions_only_with_one_d(world: World, option: str) -> None:
    world.stop()
    world.start(option)
    assert world.send("alice@local.example", world.token())
    world.stop()
    shown = "host in host_reject_connection" in (world.folder / "output").read_text()
    assert shown is (option == "-d")
