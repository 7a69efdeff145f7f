"""kill -9 at each step of acceptance and delivery: what got 250 arrives; without a crash nothing arrives twice."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.world import World

if shutil.which("strace") is None:
    pytest.skip("strace is not installed", allow_module_level=True)

#: the system calls that change a file, tell a peer something, or wait for the disk
CALLS = (
    "fsync,fdatasync",
    "openat",
    "unlink,unlinkat",
    "rename,renameat,renameat2,link,linkat",
    "write,pwrite64,writev",
    "sendto,sendmsg",
    "fcntl",
    "mkdir,mkdirat",
)
KILLS = [(call, when) for call in CALLS for when in range(1, 24)]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    # Not pytest's folder, which only root may enter: the server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="eximia-faults-"))
    folder.chmod(0o755)
    made = World(folder)
    made.start()
    yield made
    made.close()


@pytest.mark.parametrize(("call", "when"), KILLS)
def test_worker_killed(world: World, call: str, when: int) -> None:
    """The worker dies at the `when`th such call while messages for both destinations come in."""
    first = world.tokens
    worker = world.worker()
    tracer = world.inject(worker, call, f"signal=KILL:when={when}")
    acknowledged: list[str] = []
    for recipient in ("alice@local.example", "x@remote.example", "bob@local.example", "y@remote.example"):
        token = world.token()
        if world.send(recipient, token):
            acknowledged.append(token)
        if tracer.poll() is not None:
            break
    time.sleep(0.1)
    killed = world.end_trace(tracer, worker)
    world.settle()
    arrived = world.arrived()
    lost = [token for token in acknowledged if not arrived[token]]
    assert not lost, f"acknowledged and lost: {lost}"
    if not killed:
        mine = [token for token in arrived if int(token.rsplit("-", 1)[1][:-1]) > first]
        assert [token for token in mine if arrived[token] > 1] == []
    assert world.queued() == 0, world.story()


@pytest.mark.parametrize("after", [0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2])
def test_everything_killed_and_started_again(world: World, after: float) -> None:
    """Parent and worker die at some moment of a busy time, as in a power cut; the server starts again."""
    import threading

    tokens = [world.token() for _ in range(12)]
    acknowledged: list[str] = []

    def send(token: str, recipient: str) -> None:
        if world.send(recipient, token):
            acknowledged.append(token)

    threads = [
        threading.Thread(target=send, args=(token, ("alice@local.example", "x@remote.example")[n % 2]))
        for n, token in enumerate(tokens)
    ]
    for thread in threads:
        thread.start()
    time.sleep(after)
    assert world.server is not None
    worker = world.worker()
    world.server.kill()
    try:
        import os

        os.kill(worker, signal.SIGKILL)
    except ProcessLookupError:
        pass
    world.server.wait()
    for thread in threads:
        thread.join()
    world.start()
    world.settle()
    arrived = world.arrived()
    assert [token for token in acknowledged if not arrived[token]] == []


QUEUE_KILLS = [("openat", 9), ("openat", 16), ("pwrite64", 5), ("fsync", 4), ("fcntl", 6)]


@pytest.fixture(scope="module")
def queueing() -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="eximia-faults-"))
    folder.chmod(0o755)
    made = World(folder, extra="queue_only")
    made.start()
    yield made
    made.close()


@pytest.mark.parametrize(("call", "when"), QUEUE_KILLS)
def test_worker_killed_while_it_queues(queueing: World, call: str, when: int) -> None:
    """The worker dies while messages are queued, or while files are made of those that were."""
    world = queueing
    worker = world.worker()
    tracer = world.inject(worker, call, f"signal=KILL:when={when}")
    acknowledged = [token for token in [world.token() for _ in range(6)] if world.send("alice@local.example", token)]
    time.sleep(0.1)
    killed = world.end_trace(tracer, worker)
    assert world.queued() >= len(acknowledged)
    world.settle()
    arrived = world.arrived()
    assert [token for token in acknowledged if not arrived[token]] == [], world.story()
    assert killed or [token for token in acknowledged if arrived[token] > 1] == []
    assert world.queued() == 0, world.story()
