"""Routing cases kept in files: a configuration, files it reads, DNS records, and what -bt or -bv must write.

Sections of a `.route` file begin with a line `== name`:

    == config            the configuration; @DIR@ stands for the folder of the case
    == file NAME         a file in that folder
    == dns               records, one a line: name type data
    == cases             `$ -bt address`, then the lines that are written; host lines of equal preference in any order
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from eximia.base.text import Untainted
from eximia.cli.address_test import AddressTest, TestLog
from eximia.config.files import Trust
from eximia.config.site import Site
from eximia.context import Context, Process
from eximia.daemon import loading
from eximia.dns.resolv_conf import ResolverSettings
from eximia.expand import expand_text
from eximia.lists.regex import Regexes
from eximia.lists.service import Lists
from eximia.logs.selectors import Selectors
from eximia.lookups.service import Lookups
from eximia.routers.result import Mode
from eximia.routers.verify import VerifyService
from support_policy import FakeLog, FakeResolver

MODES = {"-bt": Mode.TEST, "-bv": Mode.VERIFY_RECIPIENT, "-bvs": Mode.VERIFY_SENDER}


@dataclass
class Case:
    """One command and its output."""

    words: list[str]
    output: str = ""


@dataclass
class RouteFile:
    """A `.route` file taken apart."""

    path: Path
    config: str = ""
    files: dict[str, str] = field(default_factory=dict)
    records: list[tuple[str, str, str]] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)

    def install(self, folder: Path) -> Path:
        """Write the files; the path of the configuration."""
        for name, text in self.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace("@DIR@", str(folder)))
        config = folder / "exim.conf"
        config.write_text(self.config.replace("@DIR@", str(folder)))
        return config


def read_route_file(path: Path) -> RouteFile:
    """Take a file apart."""
    found = RouteFile(path)
    section, name = "", ""
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith("== "):
            section, _, name = line[3:].strip().partition(" ")
            continue
        if section == "config":
            found.config += line
        elif section == "file":
            found.files[name] = found.files.get(name, "") + line
        elif section == "dns" and line.strip():
            owner, rtype, *data = line.split(None, 2)
            found.records.append((owner, rtype, data[0].strip() if data else ""))
        elif section == "cases" and line.startswith("$ "):
            found.cases.append(Case(line[2:].split()))
        elif section == "cases":
            found.cases[-1].output += line
    return found


def in_order(output: str) -> str:
    """The output with neighbouring host lines sorted: hosts of equal preference come in random order."""
    lines: list[str] = []
    hosts: list[str] = []
    for line in output.splitlines():
        if line.startswith("  host "):
            hosts.append(line)
            continue
        lines += [*sorted(hosts), line]
        hosts = []
    return "\n".join([*lines, *sorted(hosts)]) + "\n"


class CaseResolver(FakeResolver):
    """The records of a case. SERVFAIL as a type makes every question about the name fail for now."""

    def __init__(self, records: list[tuple[str, str, str]]) -> None:
        super().__init__()
        self.settings = ResolverSettings()
        self.broken = {owner for owner, rtype, _ in records if rtype == "SERVFAIL"}
        self.aliases = {owner: data for owner, rtype, data in records if rtype == "CNAME"}
        for owner, rtype, data in records:
            if rtype in ("A", "AAAA"):
                self.add(owner, rtype, data)
            elif rtype == "MX":
                preference, host = data.split()
                self.add(owner, rtype, int(preference), host.rstrip("."))
            elif rtype == "SRV":
                priority, weight, port, host = data.split()
                self.add(owner, rtype, int(priority), int(weight), int(port), host.rstrip("."))

    def query(self, name: str, rtype: str):  # type: ignore[no-untyped-def]
        from eximia.dns.answer import Answer, Status

        name = self.aliases.get(name.lower(), name)
        if name.lower() in self.broken:
            return Answer(Status.AGAIN, name=name, why="SERVFAIL")
        return super().query(name, rtype)


def make_process(config: Path, records: list[tuple[str, str, str]]) -> Process:
    """A process for a configuration, with a resolver made of records and no other port."""
    clock = SimpleNamespace(monotonic=lambda: 1000.0, time=lambda: 1e9)
    ports = SimpleNamespace(
        resolver=CaseResolver(records), clock=clock, blocking=lambda function, *args: function(*args)
    )
    process = Process(ports)  # type: ignore[arg-type]
    configuration = loading.load(Site(), paths=[str(config)], trust=Trust())
    process.config = configuration
    process.main = configuration.main
    process.log = FakeLog()
    process.primary_hostname = str(configuration.main.primary_hostname)
    process.services.regexes = Regexes()  # type: ignore[assignment]
    process.services.lists = Lists()
    process.services.lookups = Lookups()
    process.services.expand = expand_text
    process.services.verify = VerifyService(process)
    process.caches["dns.interfaces"] = _own_addresses()
    return process


def _own_addresses() -> object:
    from eximia.dns import interfaces

    return interfaces._Kept(1e18, frozenset({"127.0.0.1", "::1", "10.1.1.1"}))


def run_case(process: Process, case: Case) -> str:
    """What our program writes for a case."""
    written: list[str] = []
    words = list(case.words)
    verbose = "-v" in words
    if verbose:
        words.remove("-v")
    mode = MODES[words[0]]
    ctx = Context(process)
    ctx.message.sender_address = "sender@sender.test"
    ctx.session.active_hostname = Untainted(process.primary_hostname)
    process.log = TestLog(Selectors(), lambda text: None, labelled=True)  # type: ignore[assignment]
    test = AddressTest(ctx, mode, written.append, lambda text: None, verbose=verbose, details=True)
    status = test.run(words[1:])
    return "".join(written) + f"status {status}\n"


def route_files(folder: Path) -> Iterator[RouteFile]:
    for path in sorted(folder.glob("*.route")):
        yield read_route_file(path)
