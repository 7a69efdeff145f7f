"""Jobs in shared frames, over a loop that is only simulated."""

import json
import struct
from collections import deque
from typing import Any

import greenlet
import pytest

from eximia.aio import batches
from eximia.aio.batches import AgentBatches
from eximia.aio.bridge import Waiter
from eximia.base.errors import Defer, NetworkError
from eximia.base.ports import Identity
from eximia.privileged.wire import WireError, pack_results, unpack_jobs

USER = Identity(1000, 1000, "u")


class Loop:
    """What the bridge needs of a loop: callbacks in turn."""

    def __init__(self) -> None:
        self.ready: deque[tuple[Any, tuple[Any, ...]]] = deque()
        self.loop = self
        self.hub = greenlet.getcurrent()

    def call_soon(self, function: Any, *args: Any) -> None:
        self.ready.append((function, args))

    def run(self) -> None:
        while self.ready:
            function, args = self.ready.popleft()
            function(*args)

    def waiter(self) -> Waiter:
        return Waiter(self)  # type: ignore[arg-type]

    def spawn(self, function: Any, *args: Any) -> None:
        self.call_soon(greenlet.greenlet(function, self.hub).switch, *args)

    def blocking(self, function: Any, *args: Any) -> Any:
        return function(*args)


class Agent:
    """The other end: answers when told to."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.frames: list[list[tuple[str, dict[str, Any]]]] = []
        self._reader: Waiter | None = None
        self.closed = False
        self.ended = False

    def setblocking(self, flag: bool) -> None: ...

    def send(self, data: bytes) -> None:
        (length,) = struct.unpack_from("!I", data)
        assert length == len(data) - 4
        self.frames.append(unpack_jobs(data[4:]))

    def recv(self, timeout: float) -> bytes:
        self._reader = self._loop.waiter()
        got: bytes = self._reader.wait()
        return got

    def say(self, data: bytes) -> None:
        reader, self._reader = self._reader, None
        assert reader is not None
        reader.set(data)
        self._loop.run()

    def answer(self) -> None:
        data = pack_results([{"result": {"is": fields["n"]}} for _, fields in self.frames[-1]])
        frame = struct.pack("!I", len(data)) + data
        self.say(frame[:2])
        self.say(frame[2:9])
        self.say(frame[9:])

    def pending(self) -> bool:
        return self.ended

    def abort(self) -> None:
        self.closed = True


class World:
    def __init__(self) -> None:
        self.loop = Loop()
        self.agents: list[Agent] = []
        self.none_left = False
        self.answers: dict[int, Any] = {}
        self.batches = AgentBatches(self.loop, self, self.source)  # type: ignore[arg-type]

    def source(self, identity: Identity) -> Any:
        if self.none_left:
            raise WireError("no more")
        self.agents.append(Agent(self.loop))
        return self.agents[-1]

    def adopt(self, sock: Any) -> Any:
        return sock

    def ask(self, *numbers: int) -> None:
        def one(number: int) -> None:
            try:
                self.answers[number] = self.batches.run(USER, "job", {"n": number, "body": b"x" * number})["is"]
            except Defer as error:
                self.answers[number] = error.message

        for number in numbers:
            self.loop.spawn(one, number)
        self.loop.run()


@pytest.fixture
def world() -> World:
    return World()


def numbers(frame: list[tuple[str, dict[str, Any]]]) -> list[int]:
    return [fields["n"] for _, fields in frame]


def test_what_waits_shares_a_frame(world: World) -> None:
    world.ask(1, 2)
    (agent,) = world.agents
    assert [numbers(frame) for frame in agent.frames] == [[1, 2]]
    assert agent.frames[0][1][1]["body"] == b"xx"
    world.ask(3)
    world.ask(4)
    assert len(agent.frames) == 1
    agent.answer()
    assert world.answers == {1: 1, 2: 2}
    assert numbers(agent.frames[1]) == [3, 4]
    agent.answer()
    world.ask(5)
    agent.answer()
    assert world.answers == {n: n for n in range(1, 6)}
    assert len(world.agents) == 1


def test_more_agents_for_full_frames(world: World) -> None:
    world.ask(0)
    world.ask(*range(1, 1 + batches.MOST))
    assert len(world.agents) == 2
    assert len(world.agents[1].frames[0]) == batches.MOST


def test_an_agent_that_went_idle_is_replaced_and_one_that_dies_defers(world: World) -> None:
    world.ask(1)
    world.agents[0].answer()
    world.agents[0].ended = True
    world.ask(2)
    assert world.agents[0].closed
    world.agents[1].answer()
    world.ask(3)
    world.agents[1].say(b"")  # it ended at this moment: a new one is asked
    world.agents[2].answer()
    world.ask(4)
    world.agents[2].say(b"\0\0")
    world.agents[2].say(b"")
    world.none_left = True
    world.ask(5)
    assert world.answers == {
        1: 1,
        2: 2,
        3: 3,
        4: "agent for uid 1000: cut in the middle of a frame",
        5: "no agent for uid 1000: no more",
    }


def test_one_job_that_fails_does_not_harm_the_others(world: World) -> None:
    world.ask(1, 2)
    data = json.dumps([{"error": "ValueError: x"}, {"result": {"is": 2}}]).encode()
    world.agents[0].say(struct.pack("!I", len(data)) + data)
    assert world.answers == {1: "agent for uid 1000: ValueError: x", 2: 2}


def test_a_lost_connection_defers_all(world: World) -> None:
    world.ask(1, 2)
    reader = world.agents[0]._reader
    assert reader is not None
    reader.fail(NetworkError("Connection reset by peer", 104))
    world.loop.run()
    assert set(world.answers.values()) == {"agent for uid 1000: Connection reset by peer"}
