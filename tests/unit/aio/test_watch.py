"""Waiting for descriptors of a library."""

from __future__ import annotations

import os
import socket
import struct

import uvloop

from eximia.aio.bridge import Bridge
from eximia.aio.streams import IdleTicker
from eximia.aio.watch import LoopWatch
from unit.aio.test_bridge import run


def test_a_connection_with_the_number_of_one_that_its_library_closed_is_heard() -> None:
    """As libpq does when it finds a connection lost: the watch of that one is closed a little later."""
    theirs, lost = socket.socketpair()
    other, kept = socket.socketpair()

    def policy(bridge: Bridge) -> tuple[bool, bool]:
        ticker = IdleTicker(bridge.loop)
        before = LoopWatch(bridge, ticker, lost.fileno())
        theirs.close()
        gone = before.wait(5)
        number = lost.detach()
        os.dup2(kept.fileno(), number)
        after = LoopWatch(bridge, ticker, number)
        bridge.sleep(0)
        before.close(lambda: None)
        bridge.sleep(0)
        other.send(b"answer")
        heard = after.wait(3)
        after.close(lambda: os.close(number))
        bridge.sleep(0)
        return gone, heard

    with other, kept:
        assert run(policy) == (True, True)


def test_what_comes_after_an_error_is_heard() -> None:
    """A server that is stopped sends its last words, and a reset."""

    def policy(bridge: Bridge) -> list[bool]:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as ours:
            theirs, _ = server.accept()
            watch = LoopWatch(bridge, IdleTicker(bridge.loop), ours.fileno())
            task = bridge.spawn(watch.wait, 5)
            bridge.sleep(0)
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            theirs.close()
            heard = [task.join()]
            try:
                ours.recv(100)
            except ConnectionResetError:
                heard.append(watch.wait(3))
            watch.close(lambda: None)
            bridge.sleep(0)
            return heard

    assert run(policy, uvloop.new_event_loop()) == [True, True]
