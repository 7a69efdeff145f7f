"""A full disk, a disk that fails, a mailbox that cannot be written: a clear answer or a delivery, nothing lost."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.world import World

if shutil.which("strace") is None:
    pytest.skip("strace is not installed", allow_module_level=True)

CALLS = ("fsync,fdatasync", "openat", "write,pwrite64,writev", "unlink,unlinkat", "rename,renameat,renameat2")
FAULTS = [(call, error, when) for call in CALLS for error in ("ENOSPC", "EIO") for when in (1, 2, 3, 5, 8)]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="eximia-disk-"))
    folder.chmod(0o755)
    made = World(folder)
    made.start()
    yield made
    made.close()


@pytest.mark.parametrize(("call", "error", "when"), FAULTS)
def test_system_call_fails(world: World, call: str, error: str, when: int) -> None:
    """Three calls in a row fail while two messages come in."""
    worker = world.worker()
    tracer = world.inject(worker, call, f"error={error}:when={when}..{when + 2}")
    acknowledged = []
    for recipient in ("alice@local.example", "x@remote.example"):
        token = world.token()
        if world.send(recipient, token):
            acknowledged.append(token)
    time.sleep(0.2)
    world.end_trace(tracer, worker)
    world.settle()
    arrived = world.arrived()
    assert [token for token in acknowledged if not arrived[token]] == [], world.story()
    assert world.queued() == 0, world.story()


def test_mailbox_that_cannot_be_written(world: World) -> None:
    """The message waits in the queue until the mailbox can be written."""
    mailbox = world.folder / "mail" / "bob"
    shutil.rmtree(mailbox, ignore_errors=True)
    mailbox.write_text("in the way")
    token, before = world.token(), len(world.log())
    assert world.send("bob@local.example", token)
    world.wait_log("== bob@local.example", before)
    world.run_queue()
    assert world.queued() == 1
    assert not world.arrived()[token]
    os.unlink(mailbox)
    world.settle()
    assert world.arrived()[token] == 1
    assert world.queued() == 0
