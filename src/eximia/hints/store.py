"""`Hints`: the databases as typed tables over a backend.

A table reads and writes records of one class; `Hints.retry`, `.wait(transport)`, ... are the tables by Exim's names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from eximia.base.errors import ConfigError

from .backend import Backend, Entry, Place, Server
from .catalogue import BACKENDS
from .records import (
    GONE,
    CalloutAddress,
    CalloutDomain,
    EhloRecord,
    Gone,
    GreylistRecord,
    MiscRecord,
    RateRecord,
    Record,
    ReportRecord,
    RetryRecord,
    SeenRecord,
    StsRecord,
    TlsRecord,
    WaitRecord,
)

if TYPE_CHECKING:
    from eximia.base.ports import Stream

R = TypeVar("R", bound=Record)


class Table(Generic[R]):
    """One database seen as records of class `record`."""

    __slots__ = ("_backend", "_now", "_record", "name")

    def __init__(self, backend: Backend, name: str, record: type[R], now: Callable[[], float]) -> None:
        self.name = name
        self._backend = backend
        self._record = record
        self._now = now

    def get(self, key: str) -> R | None:
        """The record of `key`, or None."""
        entry = self._backend.get(self.name, key)
        return None if entry is None else self._record.decode(entry.value)

    def entry(self, key: str) -> tuple[R, float] | None:
        """The record of `key` and when it was written."""
        entry = self._backend.get(self.name, key)
        if entry is None:
            return None
        record = self._record.decode(entry.value)
        return None if record is None else (record, entry.time)

    def put(self, key: str, record: R) -> None:
        self._backend.put(self.name, key, record.encode(), self._now())

    def delete(self, key: str) -> bool:
        """Remove the record; whether it was there. Costs a read only when it was not."""
        return self._backend.delete(self.name, key)

    def take(self, key: str) -> R | None:
        """Remove the record and return it, with no other process between the two."""
        taken: R | None = None

        def out(record: R | None) -> Gone | None:
            nonlocal taken
            taken = record
            return None if record is None else GONE

        if self.get(key) is not None:
            self.update(key, out)
        return taken

    def settle(self, key: str, change: Callable[[R | None], R | Gone | None]) -> None:
        """The `update` that takes back an earlier one: see `backend.Backend.settle`."""
        self._backend.settle(self.name, key, self._now(), self._on_entry(change))

    def update(self, key: str, change: Callable[[R | None], R | Gone | None]) -> None:
        """Change a record with no other process between reading and writing; `change` returns GONE to remove it, None
        to leave it."""
        self._backend.update(self.name, key, self._now(), self._on_entry(change))

    def _on_entry(self, change: Callable[[R | None], R | Gone | None]) -> Callable[[Entry | None], bytes | None]:
        record = self._record

        def on_entry(entry: Entry | None) -> bytes | None:
            new = change(None if entry is None else record.decode(entry.value))
            return None if new is None else new.encode()

        return on_entry

    def scan(self, prefix: str = "") -> Iterator[tuple[str, R, float]]:
        """(key, record, when written) of all that can be understood."""
        for key, entry in self._backend.scan(self.name, prefix):
            record = self._record.decode(entry.value)
            if record is not None:
                yield key, record, entry.time


class Hints:
    """All hints databases of one spool directory.

    `directory` is `<spool>/db`; `panic` writes a line to the panic log; `now` is the clock; `owner` gives uid and
    gid for new files when running as root; `database` is the option `hints_database`, which names one of
    `catalogue.BACKENDS`; for `host` and `dial` see `backend.Place`. Raises ConfigError.
    """

    __slots__ = (
        "_now", "backend", "callout_addresses", "callout_domains", "dmarc", "ehlo", "greylist", "misc", "ratelimit",
        "retry", "seen", "sts", "tls", "tls_reports",
    )  # fmt: skip

    def __init__(
        self,
        directory: str,
        panic: Callable[[str], None],
        now: Callable[[], float],
        *,
        owner: tuple[int, int] | None = None,
        database: str = "sqlite",
        host: str = "",
        dial: Callable[[Server, float], Stream] | None = None,
    ) -> None:
        name, _, where = database.partition(":")
        factory = BACKENDS.get(name)
        if factory is None:
            raise ConfigError(f"hints_database: unknown kind of database '{name}'")
        self._now = now
        if "//" in where:
            where = database
        self.backend: Backend = factory(Place(directory, panic, owner, where, host, dial))
        self.retry = Table(self.backend, "retry", RetryRecord, now)
        self.callout_domains = Table(self.backend, "callout", CalloutDomain, now)
        self.callout_addresses = Table(self.backend, "callout", CalloutAddress, now)
        self.ratelimit = Table(self.backend, "ratelimit", RateRecord, now)
        self.seen = Table(self.backend, "seen", SeenRecord, now)
        self.greylist = Table(self.backend, "greylist", GreylistRecord, now)
        self.ehlo = Table(self.backend, "ehlo", EhloRecord, now)
        self.sts = Table(self.backend, "sts", StsRecord, now)
        self.tls_reports = Table(self.backend, "tlsrpt", ReportRecord, now)
        self.misc = Table(self.backend, "misc", MiscRecord, now)
        self.dmarc = Table(self.backend, "dmarc", ReportRecord, now)
        self.tls = Table(self.backend, "tls", TlsRecord, now)

    def wait(self, transport: str) -> Table[WaitRecord]:
        """The messages that wait for hosts of one transport."""
        return Table(self.backend, f"wait-{transport}", WaitRecord, self._now)

    def close(self) -> None:
        self.backend.close()
