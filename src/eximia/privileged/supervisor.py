"""The parent of a running server. As root it binds ports and starts agents; it parses neither mail nor configuration.

    eximia.privileged.supervisor GRANT_FD READY_FD ARGUMENT...    (see base.interpreter)

The grant (see `grant`) is read from GRANT_FD; READY_FD (or -1) gets one byte when all workers serve. The arguments are
Exim's command line: each worker, and the loader that makes a new grant at SIGHUP, reads its configuration by them.

Workers are children of ours, connected by a socket. They ask for one thing only: an agent for a user, checked against
the grant. Signals: HUP loads anew and retires the old workers gracefully, TERM and INT stop, USR1 goes to the workers.

With -bw the listening socket is our standard input, workers tell of each connection (frame `came`), and after a while
without any they are asked whether they `rest`; when all do, the first one is told `idle`, the others `retire`.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field

from eximia.base.interpreter import command
from eximia.base.text import to_bytes
from eximia.privileged.agent import start_agent
from eximia.privileged.grant import Grant, GrantError, Listener
from eximia.privileged.ticket_keys import TicketKeys
from eximia.privileged.wire import WireError, receive_frame, send_frame

WORKER = "eximia.daemon.worker"
LOADER = "eximia.daemon.loader"
#: a worker that dies sooner than this after its start is started again only after a pause
SHORT_LIFE = 2.0
RESTART_PAUSE = 1.0
#: shared memory of each worker: the addresses of its clients, see daemon.connections
SHARED_BYTES = 16 * 8192
#: how often a server that may end for lack of connections asks whether the last sessions and deliveries are over
IDLE_STEP = 0.5


class Stopped(Exception):
    """A signal ended the server before it served."""


@dataclass(eq=False, slots=True)
class Worker:
    """One worker process."""

    index: int
    process: subprocess.Popen[bytes]
    control: socket.socket
    started: float
    ready: bool = False
    retiring: bool = False
    kill_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """The parent's state."""

    grant: Grant
    arguments: list[str]
    ready_fd: int
    listeners: dict[Listener, socket.socket] = field(default_factory=dict)
    #: the listening socket that inetd gave us
    inherited: socket.socket | None = None
    #: when to end for lack of connections; 0: never
    idle_at: float = 0.0
    #: the workers that have nothing to do, of those that were asked
    resting: set[int] = field(default_factory=set)
    workers: list[Worker] = field(default_factory=list)
    restart_at: dict[int, float] = field(default_factory=dict)
    agents: set[int] = field(default_factory=set)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    stopping: bool = False
    shared: int = -1
    pending_log: list[bytes] = field(default_factory=list)
    wake: socket.socket | None = None
    #: the numbers of signals can be read here
    told: socket.socket | None = None
    ticket_keys: TicketKeys = field(default_factory=TicketKeys)
    rotate_at: float = 0.0

    # Start

    def run(self) -> int:
        self.catch_signals()
        try:
            self.bind(self.grant.retries)
        except OSError as error:
            text = f"{error.strerror}: daemon abandoned"
            print(time.strftime("%Y-%m-%d %H:%M:%S"), text, file=sys.stderr)  # noqa: T201
            self.log_early("panic", text)
            return 1
        except Stopped:
            return 1
        self.count_anew()
        self.write_pid_file()
        self.rotate()
        for index in range(self.grant.workers):
            self.start_worker(index)
        while not self.stopping or self.workers:
            self.turn()
        self.remove_pid_file()
        signal.set_wakeup_fd(-1)  # nobody reads there any more
        return 0

    def catch_signals(self) -> None:
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        self.told = reader
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGUSR1):
            signal.signal(number, lambda *_: None)
        self.wake = writer
        self.selector.register(reader, selectors.EVENT_READ, None)

    def bind(self, retries: int = 0) -> None:
        """Make the listening sockets that the grant names and close others. Raises OSError, and Stopped."""
        if self.grant.inetd_wait is not None and self.inherited is None:
            self.inherited = standard_input()
        wanted = dict.fromkeys(self.grant.listeners)
        for listener in [each for each in self.listeners if each not in wanted]:
            self.listeners.pop(listener).close()
        for listener in wanted:
            if listener not in self.listeners:
                self.listeners[listener] = self.bind_one(listener, retries)

    def bind_one(self, listener: Listener, tries: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in listener.address else socket.AF_INET
        while True:
            sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.bind((listener.address, listener.port))
                sock.listen(self.grant.backlog)
                return sock
            except OSError as error:
                sock.close()
                text = (
                    f"socket bind() to port {listener.port} for address {listener.address} failed: "
                    f"{os.strerror(error.errno or 0)}"
                )
                if tries <= 0:
                    raise OSError(error.errno, text) from None
                more = f"{tries} more {'try' if tries == 1 else 'tries'}"
                tries -= 1
                pause = self.grant.retry_sleep
                self.log_early("log", f"{text}: waiting {interval(pause)} before trying again ({more})")
                # Whoever called need not wait for that.
                self.tell_caller()
                self.wait(pause)

    def wait(self, seconds: int) -> None:
        """Before there are workers. Raises Stopped when we are told to end."""
        assert self.told is not None
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.25))
            try:
                numbers = self.told.recv(4096)
            except BlockingIOError:
                continue
            if signal.SIGTERM in numbers or signal.SIGINT in numbers:
                raise Stopped

    def log_early(self, kind: str, text: str) -> None:
        """As `log`, while there is no worker that could write it."""
        subprocess.run(
            command(LOADER, f"{kind}={text}", *self.arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )

    def tell_caller(self) -> None:
        """The program that was called to start the server may end."""
        if self.ready_fd >= 0:
            try:
                os.write(self.ready_fd, b"+")
                os.close(self.ready_fd)
            except OSError:
                pass
            self.ready_fd = -1

    def write_pid_file(self) -> None:
        if not self.grant.pid_file:
            return
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            fd = os.open(to_bytes(self.grant.pid_file), flags, 0o644)
            if os.fstat(fd).st_uid == os.geteuid():
                os.fchmod(fd, 0o644)
            os.write(fd, f"{os.getpid()}\n".encode())
            os.close(fd)
        except OSError as error:
            self.log(f"failed to open pid file {self.grant.pid_file}: {error.strerror}")

    def remove_pid_file(self) -> None:
        """Unless another server has made it its own meanwhile."""
        if self.grant.pid_file:
            path = to_bytes(self.grant.pid_file)
            try:
                with open(path, "rb") as file:
                    if file.read(20).strip() == str(os.getpid()).encode():
                        os.unlink(path)
            except OSError:
                pass

    # Workers

    def start_worker(self, index: int) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        grant = self.grant
        listening = [sock.fileno() for sock in self.listeners.values()]
        if self.inherited is not None:
            listening.append(self.inherited.fileno())
        fds = [theirs.fileno(), self.shared, self.ticket_keys.fd, *listening]
        words = [
            f"control={theirs.fileno()}",
            f"shared={self.shared}",
            f"tickets={self.ticket_keys.fd}",
            f"index={index}",
            f"workers={grant.workers}",
            f"identity={grant.uid}:{grant.gid}:{grant.user}",
            f"grace={grant.grace}",
            *(f"listen={fd}" for fd in listening),
        ]
        process = subprocess.Popen(
            command(WORKER, *words, "--", *self.arguments), pass_fds=fds, stdin=subprocess.DEVNULL
        )
        theirs.close()
        worker = Worker(index, process, ours, time.monotonic())
        self.workers.append(worker)
        self.selector.register(ours, selectors.EVENT_READ, worker)

    def turn(self) -> None:
        """Wait for something and do it."""
        now = time.monotonic()
        moments = [self.rotate_at, *self.restart_at.values(), *(each.kill_at for each in self.workers if each.kill_at)]
        if self.idle_at:
            moments.append(self.idle_at)
        timeout = max(0.0, min(moments) - now)
        for key, _ in self.selector.select(timeout):
            if key.data is None:
                self.signals(key.fileobj)  # type: ignore[arg-type]
            elif key.data.control.fileno() >= 0:
                self.request(key.data)
        now = time.monotonic()
        if now >= self.rotate_at:
            self.rotate()
        if self.idle_at and now >= self.idle_at:
            self.ask_for_rest()
        for index, moment in list(self.restart_at.items()):
            if moment <= now and not self.stopping:
                del self.restart_at[index]
                self.start_worker(index)
        for worker in self.workers:
            if worker.kill_at and worker.kill_at <= now:
                worker.process.kill()
                worker.kill_at = 0.0

    def count_anew(self) -> None:
        """Memory for the connections of workers to come. Those before them keep theirs: two that wrote to one place
        would make a wrong count of both."""
        if self.shared >= 0:
            os.close(self.shared)
        self.shared = os.memfd_create("eximia-connections", 0)
        os.ftruncate(self.shared, SHARED_BYTES * self.grant.workers)

    def rotate(self) -> None:
        """A new key for the workers' session tickets."""
        self.ticket_keys.rotate(time.time())
        self.rotate_at = time.monotonic() + self.ticket_keys.period

    def put_off(self) -> None:
        """The server serves, or somebody came: the time without connections begins."""
        if self.grant.inetd_wait:
            self.idle_at = time.monotonic() + self.grant.inetd_wait

    def ask_for_rest(self) -> None:
        """Nobody came for the time of -bw: end once no session or delivery is left; until then others may come."""
        self.resting.clear()
        self.idle_at = time.monotonic() + IDLE_STEP
        for worker in self.workers:
            self.send(worker, b"rest")

    def rests(self, worker: Worker) -> None:
        self.resting.add(worker.process.pid)
        if self.stopping or any(each.process.pid not in self.resting for each in self.workers):
            return
        self.idle_at = 0.0
        self.stopping = True
        self.restart_at.clear()
        for each in self.workers:
            each.retiring = True
            self.send(each, b"retire" if each.index else b"idle")

    def signals(self, reader: socket.socket) -> None:
        try:
            numbers = set(reader.recv(4096))
        except BlockingIOError:
            return
        ending = signal.SIGTERM in numbers or signal.SIGINT in numbers
        # Before the workers are looked at: they may have been told to end as well, and are not to be replaced then.
        if ending:
            self.stop()
        if signal.SIGCHLD in numbers:
            self.reap()
        if signal.SIGUSR1 in numbers:
            for worker in self.workers:
                if worker.ready:  # before that it would die of it
                    worker.process.send_signal(signal.SIGUSR1)
        if signal.SIGHUP in numbers and not ending:
            self.reload()

    def reap(self) -> None:
        for worker in [each for each in self.workers if each.process.poll() is not None]:
            self.workers.remove(worker)
            self.forget_control(worker)
            code = worker.process.returncode
            if worker.retiring or self.stopping:
                continue
            how = f"signal {-code}" if code < 0 else f"status {code}"
            self.log(f"worker {worker.index} (pid {worker.process.pid}) ended by {how}; starting another")
            os.pwrite(self.shared, bytes(SHARED_BYTES), worker.index * SHARED_BYTES)
            lived = time.monotonic() - worker.started
            if lived < SHORT_LIFE:
                self.restart_at[worker.index] = time.monotonic() + RESTART_PAUSE
            else:
                self.start_worker(worker.index)
        for pid in list(self.agents):
            try:
                if os.waitpid(pid, os.WNOHANG)[0]:
                    self.agents.discard(pid)
            except ChildProcessError:
                self.agents.discard(pid)

    def stop(self) -> None:
        self.stopping = True
        self.restart_at.clear()
        for worker in self.workers:
            worker.retiring = True
            worker.kill_at = time.monotonic() + self.grant.grace + 5
            self.send(worker, b"stop")

    def reload(self) -> None:
        """SIGHUP: a new grant, new workers; the old ones end when they have finished their sessions."""
        loader = subprocess.run(
            command(LOADER, *self.arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        said = loader.stderr.decode("latin-1")
        sys.stderr.write(said)
        if loader.returncode != 0:
            why = " ".join(said.split("\n")).strip()
            self.log(f"SIGHUP received: going on with the old configuration: {why}", "panic")
            return
        try:
            grant = Grant.decode(loader.stdout)
        except GrantError as error:
            self.log(f"SIGHUP received: going on with the old configuration: {error}", "panic")
            return
        old, previous = self.workers[:], self.grant
        self.grant = grant
        try:
            self.bind()
        except OSError as error:
            self.log(f"SIGHUP received: going on with the old configuration: {error.strerror}", "panic")
            self.grant = previous
            return
        self.log(f"pid {os.getpid()}: SIGHUP received: re-exec daemon")
        self.count_anew()
        for index in range(grant.workers):
            self.start_worker(index)
        for worker in old:
            worker.retiring = True  # told to stop when the new ones serve

    # Requests of workers

    def request(self, worker: Worker) -> None:
        try:
            frame = receive_frame(worker.control)
        except (WireError, OSError):
            frame = None
        if frame is None:
            self.forget_control(worker)  # it is ending; reap() takes the rest
            return
        data, fds = frame
        for fd in fds:
            os.close(fd)
        word, _, rest = data.partition(b" ")
        if word == b"ready":
            self.worker_ready(worker)
        elif word == b"agent":
            self.agent(worker, rest)
        elif word == b"came":
            self.put_off()
        elif word == b"rests":
            self.rests(worker)

    def forget_control(self, worker: Worker) -> None:
        if worker.control.fileno() >= 0:
            self.selector.unregister(worker.control)
            worker.control.close()

    def worker_ready(self, worker: Worker) -> None:
        worker.ready = True
        for frame in self.pending_log:
            self.send(worker, frame)
        self.pending_log.clear()
        serving = [each for each in self.workers if each.ready and not each.retiring]
        if len(serving) < self.grant.workers:
            return
        for each in self.workers:
            if each.retiring:
                # It accepts no more and ends when its last session and delivery has ended by itself.
                self.send(each, b"retire")
        notify_systemd(b"READY=1")
        self.tell_caller()
        self.put_off()

    def agent(self, worker: Worker, words: bytes) -> None:
        """`agent UID GID [USER]`: an agent's socket comes back with the frame `ok`, or a frame `no REASON`."""
        try:
            uid_text, gid_text, user = words.decode("latin-1").split(" ", 2)
            uid, gid = int(uid_text), int(gid_text)
        except ValueError:
            self.send(worker, b"no malformed request")
            return
        if os.geteuid() != 0:
            self.send(worker, b"no not started by root")
            return
        if uid <= 0 or gid < 0 or uid in self.grant.never_users:
            self.send(worker, f"no uid {uid} is not allowed".encode())
            return
        try:
            pid, sock = start_agent(uid, gid, user)
        except OSError as error:
            self.send(worker, f"no {error.strerror}".encode())
            return
        self.agents.add(pid)
        with sock:
            self.send(worker, b"ok", (sock.fileno(),))

    def send(self, worker: Worker, data: bytes, fds: tuple[int, ...] = ()) -> None:
        try:
            send_frame(worker.control, data, fds)
        except OSError:
            pass  # it is ending; reap() will see

    def log(self, text: str, kind: str = "log") -> None:
        """A line for the main log, or for it and the panic log, which a worker writes."""
        frame = f"{kind} {text}".encode("latin-1", "replace")
        for worker in self.workers:
            if worker.ready and worker.process.poll() is None:
                self.send(worker, frame)
                return
        self.pending_log.append(frame)


def standard_input() -> socket.socket:
    """The listening socket that our standard input is, which becomes empty. Raises OSError."""
    sock = socket.socket(fileno=os.dup(0))
    sock.setblocking(False)
    null = os.open(os.devnull, os.O_RDWR)
    # inetd makes it the standard output, too.
    for fd in (0, 1, 2):
        try:
            if fd == 0 or os.path.sameopenfile(fd, sock.fileno()):
                os.dup2(null, fd)
        except OSError:
            continue
    os.close(null)
    return sock


def interval(seconds: int) -> str:
    """An interval as Exim writes it: `1m30s`."""
    out = ""
    for unit, size in (("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            out += f"{count}{unit}"
    return out or "0s"


def notify_systemd(state: bytes) -> None:
    """sd_notify(3): tell the service manager, when there is one."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto(state, "\0" + path[1:] if path.startswith("@") else path)
        except OSError:
            pass


def main(arguments: list[str]) -> int:
    grant_fd, ready_fd = int(arguments[0]), int(arguments[1])
    with open(grant_fd, "rb") as file:
        grant = Grant.decode(file.read())
    if ready_fd >= 0:
        os.set_inheritable(ready_fd, False)
    return Supervisor(grant, arguments[2:], ready_fd).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
