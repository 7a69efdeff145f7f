"""A context for tests of lists, lookups and rewriting: real services, a resolver made of a dictionary, no I/O."""

from __future__ import annotations

import ipaddress
from contextlib import nullcontext
from types import SimpleNamespace

from eximia.base.span import Span
from eximia.base.template import Template
from eximia.base.text import Untainted
from eximia.config.main import MainOptions
from eximia.config.named_lists import NamedList, NamedLists
from eximia.context import Context, Process
from eximia.dns.answer import Answer, Status
from eximia.dns.records import Address, Mx, Name, Soa, Srv, Txt
from eximia.expand import expand_text
from eximia.lists.regex import Regexes
from eximia.lists.service import Lists
from eximia.logs.selectors import Selectors
from eximia.lookups.service import Lookups


class FakeResolver:
    """Records as (name, type) -> contents; names that begin with `fail` time out. `asked` lists the questions."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[object]] = {}
        self.asked: list[tuple[str, str]] = []

    def add(self, name: str, rtype: str, *fields: object) -> None:
        made = {
            "A": Address,
            "AAAA": Address,
            "MX": Mx,
            "PTR": Name,
            "NS": Name,
            "CNAME": Name,
            "SRV": Srv,
            "SOA": Soa,
        }.get(rtype)
        content = made(*fields) if made else Txt(tuple(str(field).encode() for field in fields))
        self.records.setdefault((name.lower(), rtype), []).append(content)

    def host(self, name: str, *addresses: str, reverse: bool = True) -> None:
        for address in addresses:
            parsed = ipaddress.ip_address(address)
            self.add(name, "AAAA" if parsed.version == 6 else "A", address)
            if reverse:
                self.add(parsed.reverse_pointer, "PTR", name)

    def query(self, name: str, rtype: str, *, timeout: float = 0, attempts: int = 0) -> Answer:
        self.timing = (timeout, attempts)
        name = name.lower().removesuffix(".")
        self.asked.append((name, rtype))
        if name.startswith("fail"):
            return Answer(Status.AGAIN, name=name, why="time-out")
        found = self.records.get((name, rtype))
        if found:
            return Answer(Status.FOUND, tuple(found), name, secure=name.startswith("host"), ttl=60)
        exists = any(known == name or known.endswith("." + name) for known, _ in self.records)
        return Answer(Status.NODATA if exists else Status.NXDOMAIN, name=name)


class FakeLog:
    """Keeps the lines."""

    selectors = Selectors()
    verbose = False

    def __init__(self) -> None:
        self.lines: list[str] = []

    def main(self, text: str, message_id: str = "") -> None:
        self.lines.append(text)

    def panic(self, text: str, message_id: str = "", *, main: bool = True) -> None:
        self.lines.append("PANIC " + text)


def make_context(**main: object) -> Context:
    """A context of its own process. Options of the main section may be given; texts become Templates."""
    clock = SimpleNamespace(monotonic=lambda: 1000.0, time=lambda: 1e9)
    ports = SimpleNamespace(resolver=FakeResolver(), clock=clock, blocking=lambda function, *args: function(*args))
    ports.gate, ports.later = lambda _: nullcontext(), lambda *_: None
    process = Process(ports)  # type: ignore[arg-type]
    options = MainOptions()
    for name, value in main.items():
        object.__setattr__(options, name, Template(value) if type(value) is str else value)
    process.main = options
    process.config = SimpleNamespace(lists=NamedLists())
    process.log = FakeLog()
    process.primary_hostname = "mail.test.ex"
    process.services.regexes = Regexes()  # type: ignore[assignment]
    process.services.lists = Lists()
    process.services.lookups = Lookups()
    process.services.expand = expand_text
    return Context(process)


def define(ctx: Context, kind: str, name: str, text: str, *, cache: bool = False) -> None:
    """A named list."""
    lists = ctx.process.config.lists
    lists.by_kind[kind][name] = NamedList(kind, name, Template(text, Span("", 0)), cache=cache, hide=False)


def clean(text: str) -> Untainted:
    return Untainted(text)
