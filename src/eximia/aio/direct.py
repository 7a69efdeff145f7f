"""The ports without an event loop, for the command line: every call simply blocks.

Handing in a message from cron should not pay for a loop. Work that policy starts beside itself runs at once, to its
end, before the starter goes on.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from eximia.aio.agents import AgentPool, Agents, fork_agent
from eximia.base.errors import NetworkError
from eximia.base.ports import HelperResult, Identity, Watch
from eximia.base.readiness import READABLE, WRITABLE, wait_for
from eximia.base.steps import Steps, run_steps
from eximia.base.text import to_bytes
from eximia.privileged.aside import is_set_aside

if TYPE_CHECKING:
    from eximia.context import Process

T = TypeVar("T")
R = TypeVar("R")


class DirectStream:
    """base.ports.Stream over a blocking socket, or over two descriptors (standard input and output)."""

    def __init__(self, sock: socket.socket | None = None, read_fd: int = -1, write_fd: int = -1) -> None:
        self._sock = sock
        self._read_fd = sock.fileno() if sock is not None else read_fd
        self._write_fd = sock.fileno() if sock is not None else write_fd
        self._unread = b""
        self._send_timeout = 300.0
        self.idle = False
        self.peer: tuple[str, int] = ("", 0)
        self.local: tuple[str, int] = ("", 0)
        if sock is not None:
            sock.setblocking(False)
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                self.peer = sock.getpeername()[:2]
                self.local = sock.getsockname()[:2]

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                sent = os.write(self._write_fd, view)
            except BlockingIOError:
                if not wait_for(self._write_fd, WRITABLE, self._send_timeout):
                    raise timeout_error() from None
                continue
            except OSError as error:
                raise network_error(error) from None
            view = view[sent:]

    def recv(self, timeout: float) -> bytes:
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        while True:
            if not wait_for(self._read_fd, READABLE, timeout):
                raise timeout_error()
            try:
                return os.read(self._read_fd, 65536)
            except BlockingIOError:
                continue
            except OSError as error:
                raise network_error(error) from None

    def pending(self) -> bool:
        return bool(self._unread) or wait_for(self._read_fd, READABLE, 0.000001)

    def unread(self, data: bytes) -> None:
        self._unread = data + self._unread

    def set_send_timeout(self, seconds: float) -> None:
        self._send_timeout = seconds

    def shutdown(self) -> None:
        if self._sock is not None:
            try:
                self._sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()

    abort = close

    def fileno(self) -> int:
        return self._read_fd


def timeout_error() -> NetworkError:
    return NetworkError(os.strerror(errno.ETIMEDOUT), errno.ETIMEDOUT, timed_out=True)


def network_error(error: OSError) -> NetworkError:
    code = error.errno or errno.EIO
    return NetworkError(os.strerror(code), code, timed_out=code == errno.ETIMEDOUT)


class DirectNetwork:
    """base.ports.Network."""

    def connect(self, address: str, port: int, *, timeout: float, interface: str = "") -> DirectStream:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        sock.settimeout(timeout or None)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if interface:
                sock.bind((interface, 0))
            sock.connect((address, port))
        except TimeoutError:
            sock.close()
            raise timeout_error() from None
        except OSError as error:
            sock.close()
            raise network_error(error) from None
        return DirectStream(sock)

    def connect_unix(self, path: str, *, timeout: float) -> DirectStream:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        sock.settimeout(timeout or None)
        ends = time.monotonic() + timeout
        try:
            while True:
                try:
                    sock.connect(to_bytes(path))
                    break
                except BlockingIOError:
                    # The queue of connections of the other end is full, for which a socket with a time-out does not
                    # wait.
                    if time.monotonic() >= ends:
                        raise TimeoutError from None
                    time.sleep(0.01)
        except TimeoutError:
            sock.close()
            raise timeout_error() from None
        except OSError as error:
            sock.close()
            raise network_error(error) from None
        stream = DirectStream(sock)
        stream.peer = (path, 0)
        return stream

    def send_udp(self, address: str, port: int, data: bytes) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            try:
                sock.sendto(data, (address, port))
            except OSError as error:
                raise network_error(error) from None


class DirectHelpers:
    """base.ports.Helpers."""

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        timeout: float = 0,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        max_output: int = 1 << 24,
        merge_errors: bool = False,
        identity: Identity | None = None,
        umask: int = -1,
    ) -> HelperResult:
        from eximia.aio.commands import run_command

        return run_command(argv, stdin, timeout, env, cwd, max_output, merge_errors, identity, umask)


class DirectTask(Generic[T]):
    """A finished task."""

    __slots__ = ("_error", "_value")

    def __init__(self, function: Callable[..., T], args: tuple[Any, ...]) -> None:
        self._value: Any = None
        self._error: BaseException | None = None
        try:
            self._value = function(*args)
        except Exception as error:  # noqa: BLE001  (raised in join)
            self._error = error

    def join(self) -> T:
        if self._error is not None:
            raise self._error
        return cast("T", self._value)

    def done(self) -> bool:
        return True


class DirectClock:
    """base.ports.Clock."""

    __slots__ = ()

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class NoGate:
    """Nobody else is inside."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...


class DirectPorts:
    """base.ports.Ports for one policy at a time."""

    def __init__(self) -> None:
        self.net = DirectNetwork()
        self.helpers = DirectHelpers()
        self.clock = DirectClock()
        self.agents = Agents(AgentPool(fork_agent) if os.geteuid() == 0 else None, self.blocking)
        self._resolver: Any = None
        self._resolver_options: dict[str, Any] = {}
        #: the ends of a pipe that the processes of `detach` hold open while they work, when somebody waits for them
        self._detached: tuple[int, int] | None = None

    def configure_resolver(self, **options: Any) -> None:
        self._resolver_options = options

    @property
    def resolver(self) -> Any:
        """Made when the first question is asked."""
        if self._resolver is None:
            from eximia.aio.resolver import DirectResolver
            from eximia.dns.resolv_conf import system_settings

            self._resolver = DirectResolver(system_settings())
            self._resolver.configure(**self._resolver_options)
        return self._resolver

    @resolver.setter
    def resolver(self, value: Any) -> None:
        self._resolver = value

    def blocking(self, function: Callable[..., T], *args: Any) -> T:
        return function(*args)

    def together(self, function: Callable[[list[T]], list[R] | Steps[list[R]]], item: T) -> R:
        results = function([item])
        result = (results if isinstance(results, list) else run_steps(results))[0]
        if isinstance(result, BaseException):
            raise result
        return result

    def gate(self, most: int) -> NoGate:
        return NoGate()

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """The program ends before."""

    def watch(self, fd: int) -> Watch:
        from eximia.aio.watch import DirectWatch

        return DirectWatch(fd)

    def exchange(self, stream: object, replies: object, *, timeout: float, idle: float) -> None:
        """Nobody to share it with."""

    def spawn(self, function: Callable[..., T], *args: Any) -> DirectTask[T]:
        return DirectTask(function, args)

    def detach(self, process: Process, function: Callable[..., object], *args: Any) -> bool:
        sys.stdout.flush()
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return True
        try:
            if os.fork() == 0:  # nobody waits for it: not the caller's child
                self._go_on_alone(process, function, args)
        finally:
            os._exit(0)

    def follow_detached(self) -> None:
        """From here on note who is detached, for `wait_for_detached`."""
        self._detached = os.pipe()

    def wait_for_detached(self) -> None:
        """Wait until they and all whom they detached have ended."""
        if self._detached is not None:
            reader, writer = self._detached
            self._detached = None
            os.close(writer)
            os.read(reader, 1)
            os.close(reader)

    def as_user(
        self, process: Process, identity: Identity, function: Callable[..., str], *args: Any, timeout: float
    ) -> str | None:
        from eximia.aio.copies import run_copy

        if os.geteuid() != 0 and not is_set_aside():
            return None

        def begin() -> str:
            process.forked()
            self.agents = Agents(None, self.blocking)
            return function(*args)

        return run_copy(identity, begin, timeout)

    def _go_on_alone(self, process: Process, function: Callable[..., object], args: tuple[Any, ...]) -> None:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1) if process.log.verbose else (0, 1, 2):
            os.dup2(null, fd)
        os.close(null)
        process.forked()
        self.agents = Agents(AgentPool(fork_agent) if os.geteuid() == 0 else None, self.blocking)
        # Sessions with other hosts that are kept open are the caller's; ours are ended with us.
        process.caches.pop("smtp.pool", None)
        try:
            function(*args)
        finally:
            idle = process.caches.get("smtp.pool")
            if idle is not None:
                idle.close()
