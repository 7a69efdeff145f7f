"""The socket on which the daemon answers other processes of the host (`notifier_socket`, manual 14).

A datagram with a question comes back with the answer. There is one question: `queue-size`, for `$queue_size` in
processes beside the daemon. The first worker of the server has the socket; its name is in Linux's abstract name space,
so that nothing is left behind in the file system.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import to_bytes
from eximia.context import Context
from eximia.expand import expand

if TYPE_CHECKING:
    from eximia.context import Process

#: a count is good for this long: counting a long queue costs something
KEPT = 60.0
#: how long a process waits for the daemon's answer
PATIENCE = 1.0
#: the workers of before a reload give the name up a little later
_RETRY = 1.0
QUEUE_SIZE = b"queue-size"


def address(process: Process) -> str:
    """The socket's name, with the zero byte of the abstract name space; empty: there is to be none."""
    call = process.invocation
    if call.no_notifier or (call.interfaces is not None and call.pid_file is None):
        return ""
    try:
        name = expand(process.main.notifier_socket, Context(process))
    except ExpansionError as error:
        process.log.panic(f"Failed to expand notifier_socket: {error.message}")
        return ""
    return f"\0{name}" if name else ""


class QueueSize:
    """The number of messages in the queue, counted at most once a minute."""

    def __init__(self, count: Callable[[], int], now: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._now = now
        self._until = 0.0
        self._size = ""

    def __call__(self) -> str:
        now = self._now()
        if not self._size or now >= self._until:
            self._size = str(self._count())
            self._until = now + KEPT
        return self._size


class Notifier:
    """The daemon's end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, queue_size: Callable[[], str]) -> None:
        self._loop = loop
        self._name = name
        self._queue_size = queue_size
        self._sock: socket.socket | None = None
        self._closed = False
        self._open()

    def _open(self) -> None:
        if self._closed:
            return
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        try:
            sock.bind(to_bytes(self._name))
        except OSError:
            sock.close()
            self._loop.call_later(_RETRY, self._open)
            return
        self._sock = sock
        self._loop.add_reader(sock.fileno(), self._answer, sock)

    def _answer(self, sock: socket.socket) -> None:
        try:
            data, peer = sock.recvfrom(1024)
            if data == QUEUE_SIZE and peer:
                sock.sendto(self._queue_size().encode(), peer)
        except OSError:
            pass  # who asked has gone

    def close(self) -> None:
        """Give the name up."""
        self._closed = True
        if self._sock is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()
            self._sock = None


def ask(name: str, question: bytes) -> str:
    """The daemon's answer; empty when there is no daemon, or it does not answer in time."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.settimeout(PATIENCE)
        try:
            sock.bind(f"\0eximia-asks-{os.getpid()}-{time.monotonic_ns()}")
            sock.connect(to_bytes(name))
            sock.send(question)
            return sock.recv(1024).decode("latin-1")
        except OSError:
            return ""


def serve(process: Process, loop: asyncio.AbstractEventLoop, *, first: bool) -> Notifier | None:
    """In a worker: `$queue_size` is what we count; the first worker tells others too."""
    name = address(process)
    if not name:
        return None
    size = process.caches["queue_size"] = QueueSize(process.spool.count)
    return Notifier(loop, name, size) if first else None
