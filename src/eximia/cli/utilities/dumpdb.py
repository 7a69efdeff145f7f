"""exim_dumpdb: the contents of a hints database (manual 54.12)."""

from __future__ import annotations

import getopt
from collections.abc import Sequence
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
from eximia.logs.printing import printing

from .common import fail, write
from .hintsfile import decode, open_hints, stamp, usage

OPTIONS = "[-z] [-k]"


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    try:
        pairs, rest = getopt.getopt(list(words), "zkC:")
    except getopt.GetoptError:
        fail(usage("exim_dumpdb", OPTIONS))
    options = {name for name, _ in pairs}
    if len(rest) != 2:
        fail(usage("exim_dumpdb", OPTIONS))
    directory, name = rest
    hints = open_hints(directory, name, "exim_dumpdb", OPTIONS, dict(pairs).get("-C", ""))
    for key, entry in hints.backend.scan(name):
        if "-k" in options:
            write(f"  {printing(key)}\n")
            continue
        record = decode(name, key, entry.value)
        if record is None:
            write(f"**** record {printing(key)} cannot be read ****\n")
        else:
            write(show(printing(key), record, entry.time, utc="-z" in options))
    return 0


def show(key: str, record: Any, written: float, *, utc: bool = False) -> str:
    """The lines for one record."""

    def at(seconds: float) -> str:
        return stamp(seconds, utc=utc)

    match record:
        case RetryRecord():
            expired = "*" if record.expired else ""
            return (
                f"  {key} {record.errno} {record.more_errno} {printing(record.text)}\n"
                f"{at(record.first_failed)}  {at(record.last_try)}  {at(record.next_try)} {expired}\n"
            )
        case WaitRecord():
            return f"{key} {''.join(f'{each} ' for each in record.ids)}\n"
        case CalloutAddress():
            return f"{at(written)} {key} callout={'accept' if record.accepted else 'reject'}\n"
        case CalloutDomain():
            line = f"{at(written)} {key} callout={record.result} postmaster={record.postmaster}"
            if record.postmaster != "unknown":
                line += f" ({at(record.postmaster_time)})"
            line += f" random={record.random}"
            if record.random != "unknown":
                line += f" ({at(record.random_time)})"
            return f"{line}\n"
        case RateRecord():
            when = f"{at(record.time)}.{int(record.time % 1 * 1_000_000):06d}"
            if record.events:
                return (
                    f"{when} rate: {record.rate:10.3f} epoch: {at(record.epoch)} "
                    f"size: {len(record.events)} key: {key}\n"
                )
            return f"{when} rate: {record.rate:10.3f} key: {key}\n"
        case SeenRecord():
            return f"{key}\t{at(record.time)}\n"
        case GreylistRecord():
            passed = f" passed: {at(record.passed)}" if record.passed else ""
            return f"{at(record.last)} first: {at(record.first)} attempts: {record.attempts}{passed} key: {key}\n"
        case EhloRecord():
            return f"{at(written)} {key} {printing(record.text)}\n"
        case StsRecord():
            what = f"id={record.id} mode={record.policy.mode} mx={':'.join(record.policy.hosts)}"
            return f"{at(written)} {key} {what} until {at(record.expires)}\n"
        case MiscRecord():
            return f"{at(written)} {key} {record.count}\n"
        case ReportRecord():
            return f"{at(record.first)} {at(record.last)} {key} {record.count} {printing(record.text)}\n"
        case TlsRecord():
            return f"  {key} {at(record.expires)} {len(record.session)}\n"
    return ""
