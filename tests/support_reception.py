"""A configured Process without sockets, a Stream in memory, and sessions written as text."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eximia.base.errors import NetworkError
from eximia.base.steps import run_steps
from eximia.context import Process, Session
from eximia.daemon.invocation import Invocation
from eximia.daemon.wiring import build, read_configuration
from eximia.dns.answer import Answer, Status
from eximia.logs.log import CheckingLog
from eximia.message.ids import IdSource
from eximia.reception.session import Admission, SessionSettings, SmtpSession

START = 1_795_340_000.25


class FakeClock:
    """Time that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = START
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class NoNames:
    """A DNS in which nothing exists."""

    def query(self, name: str, rtype: str) -> Answer:
        return Answer(Status.NXDOMAIN, name, rtype)


class FakePorts:
    """Everything happens at once, in this thread."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.resolver = NoNames()
        self.net: Any = None
        self.helpers: Any = None
        self.agents: Any = None

    def configure_resolver(self, **options: Any) -> None:
        pass

    def blocking(self, function: Any, *args: Any) -> Any:
        return function(*args)

    def together(self, function: Any, item: Any) -> Any:
        results = function([item])
        result = (results if isinstance(results, list) else run_steps(results))[0]
        if isinstance(result, BaseException):
            raise result
        return result

    def spawn(self, function: Any, *args: Any) -> Any:
        return function(*args)

    def detach(self, process: Any, function: Any, *args: Any) -> bool:
        function(*args)
        return False


class MemoryStream:
    """What a client says, piece by piece. An item of `said` is bytes, or "timeout"; after the last the client is
    gone. `early`: pieces that have arrived although nobody asked for them yet."""

    def __init__(self, said: list[bytes | str], *, peer: str = "192.0.2.1") -> None:
        self.said = said
        self.sent = b""
        self.answers: list[bytes] = []
        self.closed = False
        self.early = False
        self.peer = (peer, 1234)
        self.local = ("192.0.2.25", 25)

    def send(self, data: bytes) -> None:
        self.sent += data

    def recv(self, timeout: float) -> bytes:
        self.answers.append(self.sent)
        self.sent = b""
        if not self.said:
            return b""
        piece = self.said.pop(0)
        if isinstance(piece, str):
            raise NetworkError("timed out", 110, timed_out=True)
        return piece

    def pending(self) -> bool:
        return self.early

    def unread(self, data: bytes) -> None:
        self.said.insert(0, data)

    def set_send_timeout(self, seconds: float) -> None: ...

    def shutdown(self) -> None: ...

    def close(self) -> None:
        self.closed = True
        self.answers.append(self.sent)

    abort = close

    def fileno(self) -> int:
        return -1


class ListLog(CheckingLog):
    """Log lines in lists."""

    def __init__(self, selectors: Any) -> None:
        super().__init__(selectors, stderr=-1)
        self.lines: list[str] = []
        self.rejects: list[str] = []

    def main(self, text: str, message_id: str = "") -> None:
        self.lines.append(f"{message_id} {text}" if message_id else text)

    def reject(self, text: str, message_id: str = "", *, main: bool = True, **more: Any) -> None:
        line = f"{message_id} {text}" if message_id else text
        self.rejects.append(line)
        if main:
            self.lines.append(line)

    def panic(self, text: str, message_id: str = "", *, main: bool = True) -> None:
        self.lines.append(f"PANIC {text}")


@dataclass(slots=True)
class Delivered:
    """What was handed to delivery."""

    messages: list[Any] = field(default_factory=list)

    def __call__(self, _process: Process, _session: Any, message: Any, locked: Any, **_how: bool) -> None:
        self.messages.append(message)
        locked.close()


BASE = """
primary_hostname = mx.test.example
qualify_domain = test.example
timezone = UTC
host_lookup =
rfc1413_query_timeout = 0s
limits_advertise_hosts =
tls_advertise_hosts =
check_spool_space = 0
check_log_space = 0
check_spool_inodes = 0
check_log_inodes = 0
"""


def make_process(folder: str, config: str) -> tuple[Process, ListLog, Delivered]:
    """A process for the configuration text, with its spool in `folder`."""
    path = Path(folder) / "configuration"
    path.write_text(f"{BASE}spool_directory = {folder}/spool\n{config}")
    call = Invocation(action="bs", config_files=str(path))
    ports: Any = FakePorts()
    process = build(ports, read_configuration(call), call, stderr=-1)
    log = ListLog(process.log.selectors)
    process.log = log
    process.is_trusted = True
    process.ids = IdSource(pid=1, now_ns=lambda: int(ports.clock.now * 1e9))
    delivered = Delivered()
    process.services.deliver = delivered
    process.services.queue_run = lambda process, text, queue: process.log.main(f"queue run for {text}")
    return process, log, delivered


def talk(
    process: Process,
    said: list[bytes | str],
    *,
    host: str = "192.0.2.1",
    admission: Admission | None = None,
    settings: SessionSettings | None = None,
    early: bool = False,
) -> MemoryStream:
    """Run a session in which the client says `said`; the stream holds what it was answered."""
    stream = MemoryStream(said, peer=host)
    stream.early = early
    session = Session(sender_host_address=host, sender_host_port=1234 if host else 0)
    SmtpSession(process, stream, session, admission=admission, settings=settings).run()
    return stream


_ID = re.compile(r"[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}")


def normal(text: str) -> str:
    """Text with message ids replaced."""
    return _ID.sub("ID", text)


def dialogue(config: str, said: list[bytes | str], **more: Any) -> tuple[str, list[str]]:
    """(all that was answered, the main log) of one session."""
    with tempfile.TemporaryDirectory() as folder:
        process, log, _ = make_process(folder, config)
        stream = talk(process, said, **more)
        answer = b"".join(stream.answers).decode("latin-1").replace("\r\n", "\n")
        return normal(answer), [normal(line) for line in log.lines]
