"""What the three tools for hints databases share: opening one, and how a record looks (manual 54.11 to 54.14)."""

from __future__ import annotations

import time
from typing import Any

from eximia.hints.records import (
    CalloutAddress,
    CalloutDomain,
    MiscRecord,
    RateRecord,
    RetryRecord,
    SeenRecord,
    TlsRecord,
    WaitRecord,
)
from eximia.hints.store import Hints

from .common import fail

_RECORDS: dict[str, Any] = {
    "retry": RetryRecord,
    "misc": MiscRecord,
    "ratelimit": RateRecord,
    "tls": TlsRecord,
    "seen": SeenRecord,
}


def usage(program: str, options: str) -> str:
    """What a tool says when it is called wrongly."""
    return (
        f"Usage: {program} {options}  <spool-directory> <database-name>\n"
        "  <database-name> = retry | misc | wait-<transport-name> | callout | ratelimit | tls | seen"
    )


def open_hints(directory: str, name: str, program: str, options: str) -> Hints:
    """The hints of a spool; ends the program when `name` is no database."""
    if name not in _RECORDS and name != "callout" and not name.startswith("wait-"):
        fail(usage(program, options))
    hints = Hints(f"{directory}/db", fail, time.time)
    if name not in hints.backend.names():
        fail(f"Failed to open database file {directory}/db/{name} for reading: No such file or directory")
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
