"""Questions of many sessions over one connection, with a transport that only writes down."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from eximia.aio.bridge import Bridge
from eximia.aio.exchange import LoopExchange
from eximia.base.errors import NetworkError
from eximia.protocols.resp import ReplyReader


class Transport:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.aborted = False

    def set_protocol(self, protocol: object) -> None:
        pass

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def abort(self) -> None:
        self.aborted = True


class World:
    """Sessions that ask, and a hub that plays the server."""

    def __init__(self, timeout: float = 5.0, idle: float = 60.0) -> None:
        self.loop = asyncio.new_event_loop()
        self.bridge = Bridge(self.loop, on_error=lambda error: None)
        self.transport: Any = Transport()
        self.exchange = LoopExchange(self.bridge, self.transport, ReplyReader(), timeout, idle)
        self.found: dict[str, Any] = {}

    def ask(self, name: str, skip: int = 0) -> None:
        def session() -> None:
            try:
                self.found[name] = self.exchange.ask(name.encode(), skip)
            except NetworkError as error:
                self.found[name] = error

        self.bridge.spawn(session)

    def turn(self, seconds: float = 0.0) -> None:
        """Let the loop work."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def run(self, play: Callable[[], None]) -> None:
        try:
            play()
        finally:
            self.loop.close()


def test_what_is_asked_in_one_turn_goes_out_in_one_write_and_everybody_gets_the_own_answer() -> None:
    world = World()

    def play() -> None:
        for name in ("a", "b", "c"):
            world.ask(name)
        world.turn()
        assert world.transport.written == [b"abc"]
        world.exchange.data_received(b"$1\r\nA\r\n$1\r")
        world.turn()
        assert world.found == {"a": b"A"}
        world.exchange.data_received(b"\nB\r\n:3\r\n")
        world.turn()
        assert world.found == {"a": b"A", "b": b"B", "c": 3}

    world.run(play)


def test_answers_that_nobody_wants_are_left_out() -> None:
    world = World()

    def play() -> None:
        world.ask("a", skip=1)
        world.ask("b")
        world.turn()
        world.exchange.data_received(b"+OK\r\n$1\r\nA\r\n$1\r\nB\r\n")
        world.turn()
        assert world.found == {"a": b"A", "b": b"B"}

    world.run(play)


@pytest.mark.parametrize("how", ["eof", "lost", "garbage", "close"])
def test_a_lost_connection_fails_all_who_wait_and_is_not_asked_again(how: str) -> None:
    world = World()

    def play() -> None:
        world.ask("a")
        world.ask("b")
        world.turn()
        if how == "eof":
            world.exchange.eof_received()
        elif how == "lost":
            world.exchange.connection_lost(ConnectionResetError(104, "reset"))
        elif how == "garbage":
            world.exchange.data_received(b"!?\r\n")
        else:
            world.exchange.close()
        world.turn()
        assert all(isinstance(world.found[name], NetworkError) for name in "ab")
        assert world.exchange.closed
        assert world.transport.aborted
        world.ask("c")
        world.turn()
        assert isinstance(world.found["c"], NetworkError)
        assert world.transport.written == [b"ab"]

    world.run(play)


def test_an_answer_that_does_not_come_ends_it_and_answers_that_come_do_not() -> None:
    world = World(timeout=0.1)

    def play() -> None:
        world.ask("a")
        for number in range(10):
            world.turn(0.02)
            world.ask(f"b{number}")
            world.exchange.data_received(b":1\r\n")
        world.turn()
        assert not world.exchange.closed, "each waited shortly only"
        world.turn(0.2)
        assert world.found["b9"].timed_out
        assert world.exchange.closed

    world.run(play)


def test_without_questions_it_is_closed_after_a_while() -> None:
    world = World(timeout=0.05, idle=0.05)

    def play() -> None:
        world.ask("a")
        world.exchange.data_received(b":1\r\n")
        world.turn(0.2)
        assert world.found == {"a": 1}
        assert world.exchange.closed

    world.run(play)


def test_a_reply_without_a_question_ends_it() -> None:
    world = World()

    def play() -> None:
        world.exchange.data_received(b":1\r\n")
        assert world.exchange.closed

    world.run(play)
