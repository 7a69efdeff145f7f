"""A peer that hangs, closes, or answers 4xx, 5xx or nonsense at each step: nothing lost, nothing twice."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.world import World

STEPS = ("banner", "ehlo", "mail", "rcpt", "data", "dot", "quit")
HOWS = ("hang", "close", "4xx", "5xx", "garbage")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    # Not pytest's folder, which only root may enter: the server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="eximia-faults-"))
    folder.chmod(0o755)
    made = World(folder)
    made.start()
    yield made
    made.close()


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("step", STEPS)
def test_peer_misbehaves_once(world: World, step: str, how: str) -> None:
    """The first attempt meets the fault; then the peer is well. The message arrives once, or is bounced once."""
    token = world.token()
    world.peer.misbehaved = 0
    world.peer.misbehave = (step, how)
    assert world.send("x@remote.example", token)
    begin = time.monotonic()
    while not world.peer.misbehaved and time.monotonic() < begin + 60:
        time.sleep(0.02)
        if time.monotonic() > begin + 2 and world.queued():
            # What the host did in the test before keeps it from being tried at once.
            world.run_queue()
    time.sleep(0.3)
    world.peer.misbehave = ("", "")
    world.settle()
    arrived = world.arrived()
    assert arrived[token] + arrived["bounce " + token] >= 1 or "bounce" in str(arrived)
    assert arrived[token] <= 1
    assert world.queued() == 0, world.story()
    assert world.peer.misbehaved >= 1 or step == "quit"
