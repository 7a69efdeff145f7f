"""Connections: full queues of Unix sockets, peers that do not read, and no more descriptors."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eximia.aio import streams
from eximia.aio.bridge import Bridge
from eximia.aio.direct import DirectNetwork
from eximia.aio.resolver import LoopResolver
from eximia.aio.streams import LoopNetwork
from eximia.base.errors import NetworkError
from eximia.dns.answer import Status
from eximia.dns.resolv_conf import ResolverSettings
from unit.aio.test_bridge import run

CLIENTS = 6


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[socket.socket]:
    """It has nobody waiting in its queue but one, and is slow to take."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen(0)
        yield listener


def serve(listener: socket.socket, clients: int) -> None:
    for _ in range(clients):
        connection, _ = listener.accept()
        with connection:
            connection.sendall(connection.recv(100))


def talk(net: Any, path: str, said: bytes) -> bytes:
    stream = net.connect_unix(path, timeout=20)
    stream.send(said)
    try:
        heard: bytes = stream.recv(20)
        return heard
    finally:
        stream.close()


def in_the_loop(path: str, said: list[bytes], begin: Callable[[], None]) -> list[bytes]:
    def policy(bridge: Bridge) -> list[bytes]:
        tasks = [bridge.spawn(talk, LoopNetwork(bridge), path, each) for each in said]
        bridge.sleep(0.05)
        begin()
        return [task.join() for task in tasks]

    found: list[bytes] = run(policy)
    return found


def at_the_command_line(path: str, said: list[bytes], begin: Callable[[], None]) -> list[bytes]:
    heard: dict[bytes, bytes] = {}
    threads = [
        threading.Thread(target=lambda each=each: heard.update({each: talk(DirectNetwork(), path, each)}))
        for each in said
    ]
    for thread in threads:
        thread.start()
    begin()
    for thread in threads:
        thread.join()
    return [heard.get(each, b"") for each in said]


@pytest.mark.parametrize("clients", [in_the_loop, at_the_command_line])
def test_many_that_come_at_once_wait_for_a_daemon(daemon: socket.socket, clients: Any) -> None:
    server = threading.Thread(target=serve, args=(daemon, CLIENTS))
    said = [b"client %d" % number for number in range(CLIENTS)]
    assert clients(daemon.getsockname(), said, server.start) == said
    server.join()


@pytest.mark.parametrize("direct", [False, True])
def test_a_daemon_that_takes_nobody_is_given_up(daemon: socket.socket, direct: bool) -> None:
    def policy(net: Any) -> None:
        in_the_queue = net.connect_unix(daemon.getsockname(), timeout=0.05)
        with pytest.raises(NetworkError) as failure:
            net.connect_unix(daemon.getsockname(), timeout=0.05)
        in_the_queue.close()
        assert failure.value.timed_out

    if direct:
        policy(DirectNetwork())
    else:
        run(lambda bridge: policy(LoopNetwork(bridge)))


def unread(bridge: Bridge, peer: socket.socket, policy: Callable[[Any], None]) -> None:
    """The connection is closed after `policy`, though the peer has read nothing and closes nothing."""
    ours, _ = peer.accept()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours.setblocking(False)
    stream = LoopNetwork(bridge).adopt(ours)
    policy(stream)
    ends = bridge.loop.time() + 10
    while not stream.closed:
        assert bridge.loop.time() < ends
        bridge.sleep(0.01)


@pytest.mark.parametrize("sent", [40_000, 4_000_000])
def test_a_peer_that_does_not_read_cannot_keep_a_connection_open(
    monkeypatch: pytest.MonkeyPatch, daemon: socket.socket, sent: int
) -> None:
    monkeypatch.setattr(streams, "LINGER", 0.05)

    def policy(stream: Any) -> None:
        stream.set_send_timeout(0.05)
        if sent == 40_000:
            stream.send(b"x" * sent)
            stream.close()
        else:
            with pytest.raises(NetworkError, match="timed out"):
                stream.send(b"x" * sent)

    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(daemon.getsockname())
        run(lambda bridge: unread(bridge, daemon, policy))


def test_without_descriptors_there_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(*args: object) -> None:
        raise OSError(24, "Too many open files")

    def policy(bridge: Bridge) -> Status:
        net = LoopNetwork(bridge)
        with monkeypatch.context() as patch:
            patch.setattr("socket.socket", no_more)
            for connect in (lambda: net.connect("::1", 9, timeout=1), lambda: net.connect_unix("/none", timeout=1)):
                with pytest.raises(NetworkError, match="Too many open files"):
                    connect()
            return LoopResolver(bridge, net, ResolverSettings()).query("a.example", "A").status

    assert run(policy) is Status.AGAIN
