"""What the three tools for hints databases share: opening one, and how a record looks (manual 54.11 to 54.14)."""

from __future__ import annotations

import os
import time
from typing import Any

from eximia.hints.records import (
    CalloutAddress,
    CalloutDomain,
    EhloRecord,
    GreylistRecord,
    MiscRecord,
    RateRecord,
    ReportRecord,
    RetryRecord,
    SeenRecord,
    StsRecord,
    TlsRecord,
    WaitRecord,
)
from eximia.hints.store import Hints

from .common import fail, open_configured

_RECORDS: dict[str, Any] = {
    "retry": RetryRecord,
    "misc": MiscRecord,
    "ratelimit": RateRecord,
    "dmarc": ReportRecord,
    "tls": TlsRecord,
    "seen": SeenRecord,
    "greylist": GreylistRecord,
    "ehlo": EhloRecord,
    "sts": StsRecord,
    "tlsrpt": ReportRecord,
}


def usage(program: str, options: str) -> str:
    """What a tool says when it is called wrongly."""
    return (
        f"Usage: {program} {options}  <spool-directory> <database-name>\n"
        "  <database-name> = retry | misc | wait-<transport-name> | callout | ratelimit | tls | seen | greylist | ehlo"
        " | sts | tlsrpt | dmarc"
    )


def open_hints(directory: str, name: str, program: str, options: str, configuration: str = "") -> Hints:
    """The hints of a spool; ends the program when `name` is no database. Where they are kept is what the configuration
    says whose spool this is: the installed one, or the file `configuration`; without one it is found by looking."""
    if name not in _RECORDS and name != "callout" and not name.startswith("wait-"):
        fail(usage(program, options))
    hints = _configured(directory, configuration)
    if hints is None:
        lmdb = os.path.isdir(f"{directory}/db/hints.lmdb")
        hints = Hints(f"{directory}/db", fail, time.time, database="lmdb" if lmdb else "sqlite")
    if name not in hints.backend.names():
        fail(f"Failed to open database file {directory}/db/{name} for reading: No such file or directory")
    return hints


def _configured(directory: str, configuration: str) -> Hints | None:
    if not configuration:
        from eximia.config import site

        if not any(os.path.exists(path) for path in site.load().configuration):
            return None
    process = open_configured(("-C", configuration) if configuration else ())
    if process.main.hints_database == "sqlite":
        return None
    if not configuration and os.path.realpath(process.spool.directory) != os.path.realpath(directory):
        return None
    hints: Hints = process.hints
    return hints


def decode(name: str, key: str, data: bytes) -> Any:
    """The record, or None when it cannot be understood."""
    if name.startswith("wait-"):
        return WaitRecord.decode(data)
    if name == "callout":
        return CalloutAddress.decode(data) if "@" in key else CalloutDomain.decode(data)
    return _RECORDS[name].decode(data)


def stamp(seconds: float, *, utc: bool = False) -> str:
    """`22-Nov-2026 09:53:04`."""
    return time.strftime("%d-%b-%Y %H:%M:%S", time.gmtime(seconds) if utc else time.localtime(seconds))
