"""What no client should send: clear answers within the limits, bounded memory, and a server that lives."""

from __future__ import annotations

import os
import random
import resource
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.world import World

#: how much the worker may grow, in KB, whatever is sent
GROWTH = 40_000
IDLE = 1000

EHLO = b"EHLO x\r\n"
ENVELOPE = EHLO + b"MAIL FROM:<a@b.example>\r\nRCPT TO:<alice@local.example>\r\n"
NOISE = random.Random(1)
CASES = {
    "line of 10 MB": (b"A" * 10_000_000 + b"\r\n", b"500 "),
    "header line of 10 MB": (ENVELOPE + b"DATA\r\nX: " + b"a" * 10_000_000 + b"\r\n\r\n.\r\n", b"552 "),
    "100,000 header lines": (
        ENVELOPE + b"DATA\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\nbody\r\n.\r\n",
        b"552 ",
    ),
    "endless recipients": (ENVELOPE + b"RCPT TO:<bob@local.example>\r\n" * 60_000, b"452 too many recipients"),
    "random bytes": (NOISE.randbytes(300_000), b"50"),
    "random lines": (b"".join(NOISE.randbytes(50).replace(b"\n", b"") + b"\r\n" for _ in range(2000)), b"500 "),
    "NULs": (ENVELOPE + b"DATA\r\nSubject: \0\0x\r\n\r\n\0\0\0\r\n.\r\n", b"250 OK id="),
    "bare LF around a dot": (
        ENVELOPE + b"DATA\r\nSubject: x\r\n\r\nfoo\n.\nMAIL FROM:<evil@x.example>\r\n.\r\nQUIT\r\n",
        b"250 OK id=",
    ),
    "half a command": (b"EHL", b"220 "),
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="eximia-input-"))
    folder.chmod(0o755)
    made = World(folder, extra="smtp_accept_max = 2000\nsmtp_connect_backlog = 500\nrecipients_max = 1000\n")
    made.start()
    yield made
    made.close()


def memory(world: World) -> int:
    """The worker's proportional memory in KB."""
    text = Path(f"/proc/{world.worker()}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


def talk(world: World, data: bytes) -> bytes:
    """Send all of `data` at once and then nothing more; everything that was answered."""
    answers: list[bytes] = []
    with socket.create_connection(("127.0.0.1", world.port), 30) as sock:
        sock.settimeout(60)

        def read() -> None:
            try:
                while piece := sock.recv(65536):
                    answers.append(piece)
            except OSError:
                pass

        reader = threading.Thread(target=read)
        reader.start()
        try:
            for at in range(0, len(data), 1 << 20):
                sock.sendall(data[at : at + (1 << 20)])
            time.sleep(0.2)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server may have had enough
        reader.join(90)
        assert not reader.is_alive()
    return b"".join(answers)


@pytest.mark.parametrize("name", CASES)
def test_answer_and_memory(world: World, name: str) -> None:
    data, answer = CASES[name]
    worker, before = world.worker(), memory(world)
    answers = talk(world, data)
    assert answer in answers
    assert world.worker() == worker, "the worker died"
    assert memory(world) - before < GROWTH
    assert world.send("alice@local.example", world.token())


def test_no_message_is_smuggled_in_another(world: World) -> None:
    world.settle()
    before = sum(world.arrived().values())
    answers = talk(world, CASES["bare LF around a dot"][0])
    assert answers.count(b"250 OK id=") == 1
    assert b"evil" not in (world.folder / "log" / "mainlog").read_bytes()
    assert before == sum(world.arrived().values())


def test_a_thousand_idle_connections(world: World) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    before = memory(world)
    sockets: list[socket.socket] = []
    try:
        for _ in range(IDLE):
            sockets.append(socket.create_connection(("127.0.0.1", world.port), 30))  # noqa: PERF401
        assert all(sock.recv(200).startswith(b"220") for sock in sockets)
        for sock in sockets:
            sock.sendall(EHLO)
        assert all(sock.recv(2000).startswith(b"250") for sock in sockets)
        assert memory(world) - before < IDLE * 64
        assert world.send("alice@local.example", world.token())
    finally:
        for sock in sockets:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_nothing_is_left_over(world: World) -> None:
    world.settle()
    assert world.queued() == 0
    log = world.folder / "log" / "paniclog"
    assert not log.exists(), log.read_text()
    assert os.path.exists(f"/proc/{world.worker()}")
