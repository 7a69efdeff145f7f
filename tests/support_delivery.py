"""Delivering messages of a real spool folder with transports that are told what to say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eximia.context import Batch, Body, Context, Message, Outcome, Process, Recipient, Result, Session, SmtpFacts
from eximia.delivery import AttemptEnd, AttemptSettings, deliver_message, deliver_received
from eximia.hints.records import GONE
from eximia.logs.selectors import Selectors
from eximia.message.header import Header
from eximia.spool.durable import Arrival
from eximia.spool.header_file import SpoolHeader, write_header
from eximia.spool.snapshot import to_header
from eximia.spool.store import Spool
from support_policy import FakeLog
from support_routing import make_process

CONFIG = """
primary_hostname = mx.test
qualify_domain = local.test
domainlist local_domains = local.test
@MAIN@
begin routers
remote:
  driver = manualroute
  domains = ! +local_domains
  route_list = * 10.9.9.9
  transport = remote
@ROUTERS@
aliases:
  driver = redirect
  data = ${lookup{$local_part}lsearch{@DIR@/aliases}}
  allow_fail
  allow_defer
  file_transport = local
  pipe_transport = local
user:
  driver = accept
  local_parts = bob : ann : owner
  transport = local
begin transports
local:
  driver = appendfile
  file = /srv/mail/$local_part_data
remote:
  driver = smtp
begin retry
@RETRY@
"""

ALIASES = """two: bob, ann
many: a@far.test, b@far.test, c@other.test
no: :fail: gone away
late: :defer: not now
both: bob, no@local.test
twice: bob, two
"""

ID = "1xV4Gp-0004Rl-2a"


class Table:
    """A hints database in memory."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.records: dict[str, Any] = {}
        self.now = now

    def entry(self, key: str) -> tuple[Any, float] | None:
        record = self.records.get(key)
        return None if record is None else (record, self.now())

    def get(self, key: str) -> Any:
        return self.records.get(key)

    def put(self, key: str, record: Any) -> None:
        self.records[key] = record

    def update(self, key: str, change: Callable[[Any], Any]) -> None:
        new = change(self.records.get(key))
        if new is GONE:
            self.records.pop(key, None)
        elif new is not None:
            self.records[key] = new

    settle = update

    def take(self, key: str) -> Any:
        return self.records.pop(key, None)

    def delete(self, key: str) -> bool:
        return self.records.pop(key, None) is not None


class Done:
    """A task that ran when it was started."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.result = function(*args)

    def join(self) -> Any:
        return self.result

    def done(self) -> bool:
        return True


class World:
    """A process, its spool, and what happened. `says` maps addresses to outcomes; others are delivered."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, main: str = "", routers: str = "", retry: str = ""
    ) -> None:
        (folder / "aliases").write_text(ALIASES)
        text = CONFIG.replace("@MAIN@", main).replace("@ROUTERS@", routers)
        text = text.replace("@RETRY@", retry or "* * F,1h,15m; F,4d,6h").replace("@DIR@", str(folder))
        config = folder / "exim.conf"
        config.write_text(text)
        self.now = 1e9
        self.process: Process = make_process(config, [])
        self.log = FakeLog()
        self.log.selectors = Selectors()
        self.log.stamp = lambda: "STAMP "  # type: ignore[attr-defined]
        process = self.process
        process.log = self.log
        process.spool = Spool(str(folder / "spool"))
        process.spool.make_folder(str(folder / "spool" / "input"))
        process.ports.clock = SimpleNamespace(time=lambda: self.now, monotonic=lambda: self.now)
        process.ports.spawn = lambda function, *args: Done(function, args)  # type: ignore[assignment]
        process.ports.together = self._together  # type: ignore[assignment]
        self.retry = Table(lambda: self.now)
        self.waiting: dict[str, Table] = {}
        process.hints = SimpleNamespace(
            retry=self.retry, wait=lambda name: self.waiting.setdefault(name, Table(lambda: self.now))
        )
        process.services.submit = self._submit
        self.says: dict[str, Outcome] = {}
        #: the runs of transports: (transport, addresses)
        self.runs: list[tuple[str, list[str]]] = []
        self.before_run: Callable[[Batch], None] = lambda batch: None
        self.submitted: list[tuple[str, list[str]]] = []
        for module in ("local", "remote"):
            monkeypatch.setattr(f"eximia.delivery.{module}.run", self._run)

    def _together(self, function: Callable[[list[Any]], list[Any]], item: Any) -> Any:
        return function([item])[0]

    def _submit(self, process: Process, data: bytes, recipients: list[str], **more: Any) -> str:
        self.submitted.append((data.decode("latin-1"), list(recipients)))
        return "1xV4Gq-0004Rl-2a"

    def _run(self, ctx: Context, batch: Batch) -> None:
        self.before_run(batch)
        self.runs.append((batch.transport.name, [address.address for address in batch.addresses]))
        for address in batch.addresses:
            smtp = SmtpFacts(host=address.hosts[0]) if address.hosts else None
            address.outcome = self.says.get(address.address) or Outcome(Result.DELIVERED, smtp=smtp)

    def message(self, *recipients: str, sender: str = "sender@far.test") -> Message:
        return Message(
            id=ID,
            sender_address=sender,
            recipients=[Recipient(one) for one in recipients],
            headers=[Header("From: x@y.test\n"), Header("Message-ID: <m@y.test>\n"), Header("Subject: hi\n")],
            body=Body(b"body\n"),
            received_time=self.now,
        )

    def store(self, message: Message) -> Any:
        """Put a message into the spool; it is locked."""
        header = write_header(to_header(message, Session())).encode()
        arrival = Arrival(message.id, self.process.spool.place_for(message.id), header, b"body\n")
        return self.process.spool.commit([arrival])[0]

    def receive(self, *recipients: str, sender: str = "sender@far.test") -> AttemptEnd:
        """Receive and make the first attempt."""
        message = self.message(*recipients, sender=sender)
        locked = self.store(message)
        return deliver_received(self.process, Session(), message, locked)

    def again(self, **settings: Any) -> AttemptEnd:
        """Another attempt, from the spool."""
        return deliver_message(self.process, ID, AttemptSettings(**settings))

    def files(self) -> list[str]:
        folder = Path(self.process.spool.directory)
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def header(self) -> SpoolHeader:
        return self.process.spool.read(ID)

    @property
    def lines(self) -> list[str]:
        return self.log.lines


def deferred(text: str = "busy", errno: int = -1, **more: Any) -> Outcome:
    return Outcome(Result.DEFERRED, text, errno, **more)


def failed(text: str = "never", **more: Any) -> Outcome:
    return Outcome(Result.FAILED, text, pass_message=True, **more)
