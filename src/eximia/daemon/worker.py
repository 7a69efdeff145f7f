"""A worker: one event loop that receives and delivers. Started by the privileged parent, see `privileged.supervisor`.

    python -m eximia.daemon.worker control=FD shared=FD tickets=FD index=N workers=N \
        identity=UID:GID:USER grace=S [listen=FD]... -- ARGUMENT...

It reads the configuration first (whose files may be root's alone), then gives up root for good, and only then touches
anything from outside.
"""

from __future__ import annotations

import asyncio
import gc
import os
import queue
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import uvloop

from eximia.aio.agents import AgentPool
from eximia.aio.bridge import Bridge
from eximia.aio.loop_ports import LoopPorts
from eximia.aio.streams import LoopStream
from eximia.base.errors import ConfigError
from eximia.base.ports import Identity
from eximia.context.file_status import BELIEVED
from eximia.daemon.allocation import keep_pages
from eximia.daemon.arrivals import begin, end, watch_arrivals
from eximia.daemon.connections import Connections
from eximia.daemon.listener import Listener
from eximia.privileged.agent import become
from eximia.privileged.wire import WireError, receive_frame, send_frame

if TYPE_CHECKING:
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation
    from eximia.daemon.notifier import Notifier
    from eximia.spool.arrivals import ArrivalLog


#: seconds to wait for the parent's answer
PATIENCE = 30.0
#: descriptors that a worker may have, where the system's hard limit allows them
DESCRIPTORS = 65536
#: seconds for telling the hints what was broken off
_LEAVING = 0.2


class Control:
    """Our end of the connection to the parent. Its frames: `log TEXT`, `panic TEXT`, `stop`, `retire`, `rest` and
    `idle` (see privileged.supervisor), and the answers `ok` and `no REASON`."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._lock = threading.Lock()
        self._answers: queue.SimpleQueue[tuple[bytes, list[int]]] = queue.SimpleQueue()
        #: answers that nobody waits for any more: agents of users that others did not ask for
        self._late = 0

    def send(self, data: bytes) -> None:
        with self._lock:
            send_frame(self.sock, data)

    def answered(self, data: bytes, fds: list[int]) -> None:
        self._answers.put((data, fds))

    def agent(self, identity: Identity) -> socket.socket:
        """Ask the parent for an agent. Called in a thread; answers come in the order of the questions."""
        with self._lock:
            send_frame(self.sock, f"agent {identity.uid} {identity.gid} {identity.user}".encode("latin-1"))
            try:
                data, fds = self._answers.get(timeout=PATIENCE)
                while self._late:
                    self._late -= 1
                    for fd in fds:
                        os.close(fd)
                    data, fds = self._answers.get(timeout=PATIENCE)
            except queue.Empty:
                self._late += 1
                raise WireError("the parent does not answer") from None
        if data != b"ok" or len(fds) != 1:
            raise WireError(data.decode("latin-1"))
        return socket.socket(fileno=fds[0])


class Worker:
    """See the module's docstring."""

    def __init__(self, words: dict[str, str], listen: list[int], call: Invocation) -> None:
        self.call = call
        self.index = int(words["index"])
        self.grace = int(words["grace"])
        self.control = Control(socket.socket(fileno=int(words["control"])))
        self.connections = Connections(int(words["shared"]), self.index, int(words["workers"]))
        self.tickets = int(words["tickets"])
        uid, gid, user = words["identity"].split(":", 2)
        self.identity = Identity(int(uid), int(gid), user)
        self.listening = [socket.socket(fileno=fd) for fd in listen]
        self.listeners: list[Listener] = []
        self.streams: set[LoopStream] = set()
        self.retired = False
        self.notifier: Notifier | None = None
        self.arrivals: ArrivalLog | None = None
        #: what is to be done when the last session and delivery has ended
        self.end_sessions: Callable[[], None] | None = None
        #: what is to be done when they are broken off
        self.leave_all: Callable[[], None] | None = None
        #: the moment at which a stopping worker gives up what is not finished
        self.stop_at: float | None = None
        self.loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()

    def run(self) -> int:
        from eximia.daemon.wiring import start_process

        asyncio.set_event_loop(self.loop)
        keep_pages()
        take_descriptors()
        bridge = Bridge(self.loop)
        pool = AgentPool(self.control.agent) if self.identity.uid >= 0 else None
        ports = LoopPorts(bridge, pool)
        process = start_process(ports, self.call, daemon=True)
        if self.identity.uid >= 0:
            become(self.identity.uid, self.identity.gid, self.identity.user)
            # What we make from now on belongs to the right user by itself.
            process.spool.uid = process.spool.gid = -1
        self.prepare_tls(process)
        process.pid = os.getpid()
        process.connections = self.connections
        process.log.recheck = BELIEVED
        self.arrivals = begin(process, self.identity)
        bridge.on_error = lambda error: self.report(process, error)
        self.loop.add_signal_handler(signal.SIGUSR1, self.say_what_we_do, process)
        for number in (signal.SIGHUP, signal.SIGINT):
            self.loop.add_signal_handler(number, lambda: None)
        self.loop.add_signal_handler(signal.SIGTERM, self.stop, bridge)
        self.loop.add_reader(self.control.sock.fileno(), self.read_control, process, bridge)
        from eximia.daemon.backlog import monitor

        serve = import_module("eximia.reception.daemon").serve

        watch = monitor(process.main.smtp_backlog_monitor, process.log.main)
        for sock in self.listening:
            # connections inherit both
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, process.main.smtp_accept_keepalive)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, process.main.tcp_nodelay)
            self.listeners.append(
                Listener(
                    bridge, ports.net, self.connections, sock, lambda stream: self.serve(serve, process, stream), watch
                )
            )
        from eximia.daemon.notifier import serve as serve_questions
        from eximia.daemon.started import announce, start_queue_runs
        from eximia.transports.smtp.pool import close_pool
        from eximia.transports.smtp.waiting import leave_all

        self.end_sessions = lambda: close_pool(process)
        self.leave_all = lambda: leave_all(process)
        self.notifier = serve_questions(process, self.loop, first=self.index == 0)
        if self.index == 0:
            announce(process, self.call, [sock.getsockname()[:2] for sock in self.listening])
            start_queue_runs(process, self.call, ports)
        if self.arrivals is not None:
            bridge.spawn_forever(watch_arrivals, process, self.arrivals)
        # What was made so far stays: collecting cycles need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        self.control.send(b"ready")
        self.loop.run_forever()
        if self.arrivals is not None:
            end(process, self.arrivals)
        process.log.close()
        return 0

    def prepare_tls(self, process: Process) -> None:
        """Load the library and the ticket keys before the first client waits for them."""
        from eximia.tls.binding import TlsUnavailable, binding, is_built

        try:
            if not binding().lib.tls_ring_attach(self.tickets):
                process.log.main("TLS session ticket keys cannot be mapped: no session is resumed")
        except TlsUnavailable as error:
            if self.index == 0 and (is_built() or process.main.tls_advertise_hosts.text):
                process.log.panic(f"TLS is not available: {error}")
        os.close(self.tickets)

    def serve(self, serve: object, process: Process, stream: LoopStream) -> None:
        self.streams.add(stream)
        if self.call.inetd_wait_timeout:
            self.control.send(b"came")
        try:
            serve(process, stream)  # type: ignore[operator]
        finally:
            self.streams.discard(stream)

    def report(self, process: Process, error: BaseException) -> None:
        """Policy ended by an exception that nobody expected: say so, with where."""
        import traceback

        frames = traceback.extract_tb(error.__traceback__)[-4:]
        where = " < ".join(f"{os.path.basename(each.filename)}:{each.lineno} {each.name}" for each in reversed(frames))
        process.log.panic(f"internal error: {type(error).__name__}: {error} ({where})")

    def say_what_we_do(self, process: Process) -> None:
        """SIGUSR1 (exiwhat): lines of the process log."""
        from eximia.daemon.started import periods

        daemon = f"daemon({process.main.exim_version}): {periods(self.call)}, worker {self.index}"
        process.log.process(f"{daemon}, {self.connections.own} connections")
        for stream in self.streams:
            process.log.process(f"handling incoming connection from [{stream.peer[0]}]:{stream.peer[1]}")

    # The parent's frames

    def read_control(self, process: Process, bridge: Bridge) -> None:
        try:
            frame = receive_frame(self.control.sock)
        except (WireError, OSError):
            frame = None
        if frame is None:  # the parent is gone: finish what we have
            self.loop.remove_reader(self.control.sock.fileno())
            self.stop(bridge)
            return
        data, fds = frame
        word, _, rest = data.partition(b" ")
        if word in (b"ok", b"no"):
            self.control.answered(data, fds)
        elif word == b"log":
            process.log.main(rest.decode("latin-1"))
        elif word == b"panic":
            process.log.panic(rest.decode("latin-1"))
        elif word == b"stop":
            self.stop(bridge)
        elif word == b"retire":
            self.retire(bridge)
        elif word == b"rest":
            if not self.busy(bridge):
                self.control.send(b"rests")
        elif word == b"idle":
            process.log.main(f"exim {process.main.exim_version} daemon terminating, inetd wait timeout reached.\n")
            self.retire(bridge)

    def retire(self, bridge: Bridge) -> None:
        """Other workers have taken our place: accept no more, and end with the last session and delivery."""
        for listener in self.listeners:
            listener.stop()
        if self.notifier is not None:
            self.notifier.close()
        if not self.retired:
            self.retired = True
            self.loop.call_soon(self.end_when_done, bridge)

    def stop(self, bridge: Bridge) -> None:
        """Accept no more; idle sessions end at once, busy ones may finish within the grace time."""
        if self.stop_at is None:
            self.stop_at = self.loop.time() + self.grace
            for stream in list(self.streams):
                stream.interrupt()
        self.retire(bridge)

    def busy(self, bridge: Bridge) -> bool:
        """There are sessions, deliveries, or connections of which a session is to begin."""
        return bool(bridge.busy) or any(listener.attaching for listener in self.listeners)

    def end_when_done(self, bridge: Bridge) -> None:
        if self.stop_at is not None and self.loop.time() >= self.stop_at:
            if self.leave_all is None:
                self.loop.stop()
                return
            # Deliveries are broken off: the hosts that take one at a time must not wait for them.
            bridge.spawn(self.leave_all)
            self.leave_all = None
            self.loop.call_later(_LEAVING, self.end_when_done, bridge)
        elif self.busy(bridge):
            self.loop.call_later(0.05, self.end_when_done, bridge)
        elif self.end_sessions is not None:
            # The sessions kept for a next message get their QUIT.
            bridge.spawn(self.end_sessions)
            self.end_sessions = None
            self.loop.call_soon(self.end_when_done, bridge)
        else:
            self.loop.stop()


def take_descriptors() -> None:
    """One process has the connections for which Exim has many: it may have more descriptors than are usual."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def main(words: list[str]) -> int:
    at = words.index("--")
    own = [each.partition("=") for each in words[:at]]
    listen = [int(value) for name, _, value in own if name == "listen"]
    from eximia.daemon.letters import read

    call = read("exim", words[at + 1 :])
    try:
        return Worker({name: value for name, _, value in own}, listen, call).run()
    except ConfigError as error:
        print(f"exim: {error.span}: {error.message}", file=sys.stderr)  # noqa: T201  (there is no log yet)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
