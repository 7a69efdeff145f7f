"""A small world for transports: a server made of rules instead of a network, agents in this process, a log list."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

from eximia.base.errors import NetworkError
from eximia.base.template import Template
from eximia.base.text import Untainted
from eximia.context import Body, Context, Message, Process, Session
from eximia.context.delivery import Address, Batch, Result
from eximia.logs.lines import delivery as lines
from eximia.logs.selectors import Selectors
from eximia.message.header import Header
from eximia.privileged.agent import run_job
from eximia.transports import engine
from eximia.transports.options.catalogue import TRANSPORT_OPTIONS

HEADERS = (
    "Received: from root by my.host.example with local\n\tid X;\n\tSun, 22 Nov 2026 08:53:01 +0000\n",
    "From: a@b.example\n",
    "To: x@y.example\n",
    "Subject: hi\n",
    "Message-Id: <E1@my.host.example>\n",
)
BODY = b"Hello\n.dot\nFrom me\nbye\n"


class Server:
    """An SMTP server: `rules` are (start of a command, reply; None: close, b"": never answer)."""

    def __init__(self, ehlo=(), rules=(), banner=b"220 peer ESMTP\r\n"):
        self.ehlo = ehlo
        self.rules = list(rules)
        self.banner = banner
        self.commands: list[str] = []
        self.messages: list[bytes] = []
        self.connections = 0

    def reply(self, line: bytes) -> bytes | None:
        upper = line.upper()
        for number, (start, reply) in enumerate(self.rules):
            if upper.startswith(start.upper()):
                if isinstance(reply, list):
                    first = reply.pop(0)
                    if not reply:
                        del self.rules[number]
                    return first
                return reply
        if upper.startswith((b"EHLO", b"LHLO")):
            words = [b"peer Hello", *(word.encode() for word in self.ehlo)]
            return b"".join(b"250" + (b" " if w is words[-1] else b"-") + w + b"\r\n" for w in words)
        return {b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(upper[:4], b"250 OK\r\n")


class FakeStream:
    """The client's end of a connection to a Server."""

    peer = ("198.51.100.1", 25)
    local = ("198.51.100.9", 40000)

    def __init__(self, server: Server) -> None:
        self.server = server
        self.answers = [server.banner] if server.banner else []
        self.buffer = b""
        self.in_data = False
        self.text = b""
        self.gone = False
        self.closed = False

    def send(self, data: bytes) -> None:
        if self.gone:
            raise NetworkError("Broken pipe", 32)
        self.buffer += data
        while b"\n" in self.buffer and not self.gone:
            line, _, rest = self.buffer.partition(b"\n")
            line = line.rstrip(b"\r")
            if self.in_data:
                self.buffer = rest
                if line != b".":
                    self.text += line + b"\n"
                    continue
                self.in_data = False
                self.server.messages.append(self.text)
                self.text = b""
            elif line.upper().startswith(b"BDAT"):
                size = int(line.split()[1])
                if len(rest) < size:
                    return
                self.server.messages.append(rest[:size])
                self.buffer = rest[size:]
            else:
                self.buffer = rest
            self.server.commands.append(line.decode("latin-1"))
            answer = self.server.reply(line)
            if answer is None:
                self.gone = True
                return
            if line.upper() == b"DATA" and answer.startswith(b"354"):
                self.in_data = True
            if answer:
                self.answers.append(answer)

    def recv(self, timeout: float) -> bytes:
        if self.answers:
            data = b"".join(self.answers)
            self.answers.clear()
            return data
        if self.gone:
            return b""
        raise NetworkError("Connection timed out", 110, timed_out=True)

    def pending(self) -> bool:
        return bool(self.answers) or self.gone

    def set_send_timeout(self, seconds: float) -> None: ...

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self.closed = True

    abort = close


class Net:
    """Connections by address: a Server, or an errno."""

    def __init__(self, places: dict[str, Any]) -> None:
        self.places = places
        self.streams: list[FakeStream] = []

    def connect(self, address: str, port: int, *, timeout: float, interface: str = "") -> FakeStream:
        place = self.places[address]
        if isinstance(place, int):
            raise NetworkError(os.strerror(place), place, timed_out=place == 110)
        place.connections += 1
        self.streams.append(FakeStream(place))
        return self.streams[-1]


class Agents:
    """Jobs run here and now."""

    def run(self, identity: Any, job: str, fields: Any, fds: Any = (), timeout: float = 0, quick: bool = False) -> Any:
        return run_job(job, dict(fields), list(fds))


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def time(self) -> float:
        return self.now

    monotonic = time


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.selectors = Selectors()

    def main(self, text: str, message_id: str = "") -> None:
        self.lines.append(text)

    panic = main


class World:
    """A process, a message, and transports made from keyword settings."""

    def __init__(self, net: dict[str, Any] | None = None, body: bytes = BODY) -> None:
        ports: Any = SimpleNamespace(
            net=Net(net or {}),
            agents=Agents(),
            clock=Clock(),
            bridge=SimpleNamespace(spawn_forever=lambda *args: None),
            spawn=lambda *args: None,
            blocking=lambda function, *args: function(*args),
            helpers=None,
        )
        self.process = Process(ports)
        self.process.primary_hostname = "my.host.example"
        self.process.log = self.log = Log()
        self.process.pid = 4711
        self.process.site = SimpleNamespace(uid=-1, gid=-1, never_users=())
        self.process.main = SimpleNamespace(
            deliver_drop_privilege=False,
            disable_ipv6=True,
            local_interfaces=None,
            extra_local_interfaces=None,
            hosts_treat_as_local=None,
            exim_user=os.geteuid(),
            exim_group=os.getegid(),
            never_users=(),
            qualify_domain="my.host.example",
            timezone=None,
            bounce_return_size_limit=0,
            retry_data_expire=7 * 86400,
            print_topbitchars=False,
        )
        self.process.config = SimpleNamespace(transports={})
        message = self.message = Message(id="1xV3Jl-0002UP-11")
        message.headers = [Header(text) for text in HEADERS]
        message.body = Body(body)
        message.size = sum(map(len, HEADERS)) + 1 + len(body)
        message.sender_address = "s@from.example"

    def transport(self, driver: str, name: str = "t", **settings: Any) -> Any:
        options: Any = TRANSPORT_OPTIONS.get(driver)
        values = {one.field: one.default for one in options.declared.values() if not one.sets}
        given = {}
        for option, value in settings.items():
            declared = options.declared[option.rstrip("_")]
            kind = declared.kind.name
            if isinstance(value, str):
                plain = kind == "STRING"
                value = Untainted(value) if plain else Template(value)
            given[declared.field] = value
        values.update(given)
        values["driver"] = Untainted(driver)
        assert not list(options.settle(values, frozenset(given)))
        made = SimpleNamespace(name=name, options=options(**values))
        self.process.config.transports[name] = made
        return made

    def address(self, text: str, transport: Any) -> Address:
        address = Address(text)
        local_part, _, address.domain = text.lower().rpartition("@")
        address.local_part = local_part
        address.local_part_data = Untainted(local_part)
        address.local_part_original = local_part
        address.transport = transport
        address.log_as_local = True
        address.router = SimpleNamespace(name="r")
        return address

    def context(self) -> Context:
        return Context(self.process, Session(), self.message)

    def run(self, transport: Any, *recipients: Any, sender: str = "s@from.example") -> list[str]:
        """Deliver; the log lines: those of the transport, then one for each address."""
        self.addresses = [a if isinstance(a, Address) else self.address(a, transport) for a in recipients]
        engine.run(self.context(), Batch(transport, self.addresses, sender))
        return [*self.log.lines, *(self.line(address) for address in self.addresses)]

    def line(self, address: Address) -> str:
        assert address.outcome is not None
        if address.outcome.result is Result.DELIVERED:
            return lines.delivered(address, self.log.selectors, sender="s", return_path="s")
        if address.outcome.result is Result.FAILED:
            return lines.failed(address, self.log.selectors, sender="s")
        return lines.deferred(address, self.log.selectors)
