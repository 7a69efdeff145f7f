"""A world in which ACLs run without a network: real lists, expansion and hints; DNS, clock and routers of our own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from eximia.acl import engine, phases
from eximia.acl.parse import TextLine, parse_acl
from eximia.acl.phases import Phase
from eximia.acl.refusal import refuse
from eximia.acl.reply import compose
from eximia.acl.result import AclResult, Outcome
from eximia.base.ports import Services
from eximia.base.span import Span
from eximia.base.template import Template
from eximia.base.trace import Trace
from eximia.config.main import MainOptions
from eximia.config.named_lists import NamedList, NamedLists
from eximia.context import AddressContext, Context, Message, Process, Recipient, Session
from eximia.context.verification import Verified
from eximia.dns import Answer, Status
from eximia.dns.records import Address, Mx, Name, Srv, Txt
from eximia.expand import expand_text
from eximia.hints import Hints
from eximia.lists.regex import Regexes
from eximia.lists.service import Lists
from eximia.logs.selectors import Selectors

USUAL_REPLY = {phases.RCPT: ("250", "Accepted"), phases.MAIL: ("250", "OK"), phases.CONNECT: ("220", "ready")}


class Clock:
    """Time stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Resolver:
    """Records from a dictionary; `"SERVFAIL"` as the value is no answer."""

    def __init__(self) -> None:
        self.zone: dict[tuple[str, str], Any] = {}
        self.asked: list[tuple[str, str]] = []

    def add(self, name: str, rtype: str, *values: str) -> None:
        self.zone[name.lower(), rtype] = values

    def query(self, name: str, rtype: str) -> Answer:
        self.asked.append((name, rtype))
        values = self.zone.get((name.lower(), rtype))
        if values == ("SERVFAIL",) or self.zone.get((name.lower(), "ANY")) == ("SERVFAIL",):
            return Answer(Status.AGAIN, name=name, why="time-out")
        if not values:
            return Answer(Status.NXDOMAIN, name=name, ttl=3600)
        return Answer(Status.FOUND, tuple(_content(rtype, value) for value in values), name, ttl=300)


def _content(rtype: str, value: str) -> object:
    if rtype == "TXT":
        return Txt(tuple(part.encode() for part in value.split("|")))
    if rtype == "SRV":
        priority, weight, port, target = value.split()
        return Srv(int(priority), int(weight), int(port), target)
    if rtype == "MX":
        priority, target = value.split()
        return Mx(int(priority), target)
    if rtype == "PTR":
        return Name(value)
    return Address(value)


class Log:
    """Keeps the lines with the commentary, as -bh shows them."""

    def __init__(self, output: list[str]) -> None:
        self.selectors = Selectors()
        self.output = output
        self.written: list[tuple[str, str]] = []

    def main(self, text: str, message_id: str = "") -> None:
        self.written.append(("main", text))
        self.output.append(f"LOG: {text}")

    def reject(self, text: str, message_id: str = "", *, main: bool = True, **_: object) -> None:
        self.written += [("main", text)] * main + [("reject", text)]
        self.output.append(f"LOG: {text}")

    def panic(self, text: str, message_id: str = "", *, main: bool = True) -> None:
        self.written += [("main", text)] * main + [("panic", text)]
        self.output.append(f"LOG: {text}")


class Routers:
    """Address verification as a configuration with these routers answers: local part `lfail` fails, `ldefer` defers,
    other addresses of local domains are accepted, and no others."""

    def __init__(self, domains: frozenset[str]) -> None:
        self.domains = domains
        self.asked: list[str] = []

    def verify(
        self, ctx: Context, address: str, kind: str, *, success_on_redirect: bool = False, rewrite: bool = True
    ) -> Verified:
        self.asked.append(address)
        local_part, at, domain = address.partition("@")
        if not at:
            return Verified("fail", "", "", "qualify")
        if local_part == "lfail":
            return Verified("fail", "no such user", "no such user", "route")
        if local_part == "ldefer":
            return Verified("defer", "not now", "not now", "route")
        if domain in self.domains:
            return Verified("ok", address_data=f"AD{local_part}")
        return Verified("fail", "Unrouteable address", "Unrouteable address", "route")


class World:
    """One process and one session; `output` is what -bh would show."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.output: list[str] = []
        self.clock = Clock()
        self.resolver = Resolver()
        self.routers = Routers(frozenset({"test.ex"}))
        ports = SimpleNamespace(
            clock=self.clock,
            resolver=self.resolver,
            net=SimpleNamespace(sent=[]),
            blocking=lambda function, *args: function(*args),
            spawn=lambda function, *args: SimpleNamespace(join=lambda: function(*args)),
        )
        services = Services(
            lists=Lists(),
            regexes=Regexes(),
            expand=expand_text,
            verify=self.routers,  # type: ignore[arg-type]
        )
        process = Process(ports, services)  # type: ignore[arg-type]
        process.main = MainOptions(spool_directory=Template(str(directory)), **options)
        process.spool = SimpleNamespace(directory=str(directory))
        process.primary_hostname = "mx.test.ex"
        process.log = self.log = Log(self.output)
        self.acls: dict[str, Any] = {}
        named = NamedLists()
        named.by_kind["domain"]["local_domains"] = NamedList(
            "domain", "local_domains", Template("test.ex", Span("conf", 1)), cache=False, hide=False
        )
        process.config = SimpleNamespace(acls=self.acls, lists=named)
        process.hints = Hints(str(directory / "db"), self.log.panic, self.clock.time)
        self.process = process
        self.session = Session(
            smtp=True, host_checking=True, sender_host_address="1.2.3.4", sender_helo_name="cl.ex", esmtp=True
        )
        self.message = Message(sender_address="s@x.ex", size=-1)
        self.address = AddressContext(local_part="q", domain="test.ex", original_local_part="q")

    def trace(self) -> None:
        """Let commentary appear in `output`."""
        trace = Trace()
        trace.categories = frozenset({"acl"})
        trace.add_debug_reader(lambda _category, text: self.output.append(f">>> {text}"))
        self.process.trace = trace

    def define(self, text: str, file: str = "conf", line: int = 1) -> None:
        """Read ACLs as the configuration's section: names alone on a line with a colon."""
        from eximia.acl.parse import logical_lines

        name = ""
        blocks: dict[str, list[TextLine]] = {}
        for one in logical_lines(text, Span(file, line)):
            if one.text.endswith(":") and one.text[:-1].replace("_", "a").isalnum():
                name = one.text[:-1]
                blocks[name] = []
            else:
                blocks[name].append(one)
        for name, lines in blocks.items():
            self.acls[name], errors = parse_acl(name, Span(file, line), lines)
            if errors:
                raise errors[0]

    @property
    def context(self) -> Context:
        return Context(self.process, self.session, self.message, self.address)

    def run(self, phase: Phase = phases.RCPT, source: str = "a") -> AclResult:
        """Run an ACL."""
        return engine.run(self.context, phase, Template(source, Span("conf", 0)))

    def rcpt(self, local_part: str, domain: str = "test.ex", source: str = "a") -> list[str]:
        """One RCPT command: the reply's lines."""
        self.address = AddressContext(local_part=local_part.lower(), domain=domain, original_local_part=local_part)
        self.session.command_history.append("RCPT")
        result = self.run(phases.RCPT, source)
        if result.outcome is Outcome.DISCARD:
            why = f": {result.log_message}" if result.log_message else ""
            host = "H=(cl.ex) [1.2.3.4]"
            self.log.main(
                f"{host} F=<{self.message.sender_address}> RCPT <{local_part}@{domain}>: discarded by RCPT ACL{why}"
            )
        if result.accepted:
            self.message.recipients.append(Recipient(f"{local_part}@{domain}"))
            return compose(self.context, "250", result.user_message or "Accepted")
        return refuse(self.context, phases.RCPT, result, f"<{local_part}@{domain}>").lines
