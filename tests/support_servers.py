"""Small servers of our own for tests: a listening socket, a thread for it and one for each connection, all gone after
`close`. Folders that programs running as another user may enter."""

from __future__ import annotations

import os
import random
import re
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_JOIN = 5.0  #: seconds
#: below those that the kernel gives to outgoing connections, of which one could take a port before its server does
_PORTS = range(20_000, 32_000)
_given: set[int] = set()
_choosing = threading.Lock()


def free_port() -> int:
    """A port that nobody uses, for TCP or UDP, and that is given once in this process."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams, suppress(OSError):
            stream.bind(("0.0.0.0", port))
            datagrams.bind(("0.0.0.0", port))
            with _choosing:
                if port not in _given:
                    _given.add(port)
                    return port


def free_ports(count: int) -> list[int]:
    return [free_port() for _ in range(count)]


class Listening:
    """Gives each connection to `talk`, in a thread of its own, and closes it afterwards. A peer that goes away is no
    error."""

    def __init__(self, listener: socket.socket, talk: Callable[[socket.socket], object]) -> None:
        self._listener, self._talk = listener, talk
        self._taking = False
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            self._taking = False
            try:
                select.select([self._listener], [], [])
                self._taking = True
                connection = self._listener.accept()[0]
            except OSError:
                return
            thread = threading.Thread(target=self._one, args=(connection,), daemon=True)
            self._connections[thread] = connection
            thread.start()

    def _one(self, connection: socket.socket) -> None:
        try:
            with connection, suppress(OSError):
                self._talk(connection)
        finally:
            self._connections.pop(threading.current_thread(), None)

    def rest(self) -> None:
        """Wait until no connection is left: of clients that have ended, the last lines may not have been read yet."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            waiting, _, _ = select.select([self._listener], [], [], 0)
            if not waiting and not self._connections and not self._taking:
                return
            time.sleep(0.005)

    def close(self) -> None:
        """Stop listening, cut the connections, wait for the threads."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone does not wake `accept`
        self._thread.join(_JOIN)
        self._listener.close()
        for thread, connection in list(self._connections.items()):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(_JOIN)


def end_program(program: subprocess.Popen[bytes]) -> None:
    """Ask a server to stop, and wait until it has; one that does not is killed."""
    program.send_signal(signal.SIGTERM)
    try:
        program.wait(20)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def wait_for_deliveries(log: Path) -> None:
    """Until every message in a main log, reports too, has been delivered or stays in the queue."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        text = log.read_text("latin-1") if log.exists() else ""
        over = set(re.findall(r" (\S+) (?:Completed|== |Frozen|frozen|\*\*\* Frozen|no immediate delivery)", text))
        if over.issuperset(re.findall(r" (\S+) <= ", text)):
            return
        time.sleep(0.05)


def away_from_midnight(seconds: float = 60) -> None:
    """Wait for the next day (UTC) when this one ends so soon that what is counted or stamped by days would be of two."""
    left = 86400 - time.time() % 86400
    if left < seconds:
        time.sleep(left)


def enterable(folder: Path) -> None:
    """Let everybody enter a test's folder. What stands above it up to the folder of temporary files may be passed
    through from then on; permissions are only added, and that folder itself stays as it is."""
    folder.chmod(0o755)
    end = {Path(tempfile.gettempdir()), *Path(tempfile.gettempdir()).parents}
    for above in folder.parents:
        if above in end or above.stat().st_uid != os.geteuid():
            break
        above.chmod(above.stat().st_mode | 0o011)


def stop(pid: int) -> None:
    """Stop a process, and wait until none of its threads runs any more: the signal takes its time to reach them."""
    os.kill(pid, signal.SIGSTOP)
    end = time.monotonic() + 30
    while any(_state(each) not in "TtZX" for each in Path(f"/proc/{pid}/task").iterdir()):
        assert time.monotonic() < end, pid
        time.sleep(0.005)


def _state(task: Path) -> str:
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"
