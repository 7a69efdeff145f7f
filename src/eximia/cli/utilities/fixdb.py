"""exim_fixdb: look at records of a hints database and change them, by dialogue (manual 54.14)."""

from __future__ import annotations

import getopt
import re
import sys
import time
from collections.abc import Sequence
from typing import Any

from eximia.base.dataclass import replace
from eximia.hints.records import CalloutAddress, CalloutDomain, MiscRecord, RateRecord, RetryRecord
from eximia.logs.printing import printing

from .common import fail, write
from .hintsfile import decode, open_hints, stamp, usage

OPTIONS = "[-z]"
_CALLOUT = {"unknown": 0, "accept": 1, "reject": 2, "reject-mfnull": 3}
_NAMES = {number: name for name, number in _CALLOUT.items()}


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; commands come from standard input."""
    try:
        pairs, rest = getopt.getopt(list(words), "zC:")
    except getopt.GetoptError:
        fail(usage("exim_fixdb", OPTIONS))
    if len(rest) != 2:
        fail(usage("exim_fixdb", OPTIONS))
    directory, name = rest
    hints = open_hints(directory, name, "exim_fixdb", OPTIONS, dict(pairs).get("-C", ""))
    write(f"Modifying Exim hints database {directory}/db/{name}\n")
    utc = any(option == "-z" for option, _ in pairs)
    key = ""
    while True:
        write("> ")
        sys.stdout.flush()
        raw = sys.stdin.buffer.readline()
        if not raw:
            write("\n")
            return 0
        line = raw.decode("latin-1").strip()
        if line == "q":
            return 0
        change = re.fullmatch(r"(d|\d)(?:\s+(.*))?", line)
        if change is not None and (change[1] == "d" or change[2] is not None) and (line == "d" or change[1] != "d"):
            if not key:
                write("No previous record name is set\n")
                continue
            if line == "d":
                write("deleted\n" if hints.backend.delete(name, key) else "not deleted: not found\n")
                key = ""
                continue
            found = hints.backend.get(name, key)
            record = None if found is None else decode(name, key, found.value)
            if record is None:
                write(f"record {key} not found\n")
                continue
            changed = modify(record, int(change[1]), change[2] or "", utc=utc)
            if changed is None:
                write("unknown field number or bad value\n")
            else:
                hints.backend.put(name, key, changed.encode(), time.time())
        elif line:
            key = line
        elif not key:
            write("No previous record name is set\n")
            continue
        entry = hints.backend.get(name, key)
        if entry is None:
            write(f"record {key} not found\n")
            key = ""
            continue
        write(describe(decode(name, key, entry.value), entry.time, utc=utc))


def describe(record: Any, written: float, *, utc: bool = False) -> str:
    """The record with its fields numbered."""

    def at(seconds: float) -> str:
        return stamp(seconds, utc=utc)

    lines = [at(written)]
    match record:
        case RetryRecord():
            lines += [
                f"0 error number: {record.errno} {printing(record.text)}",
                f"1 extra data:   {record.more_errno}",
                f"2 first failed: {at(record.first_failed)}",
                f"3 last try:     {at(record.last_try)}",
                f"4 next try:     {at(record.next_try)}",
                f"5 expired:      {'yes' if record.expired else 'no'}",
            ]
        case CalloutAddress():
            word = "accept" if record.accepted else "reject"
            lines.append(f"0 callout:    {word} ({_CALLOUT[word]})")
        case CalloutDomain():
            for number, (label, value) in enumerate(
                (("callout:   ", record.result), ("postmaster:", record.postmaster), ("random:    ", record.random))
            ):
                lines.append(f"{number} {label} {value} ({_CALLOUT.get(value, 0)})")
        case RateRecord():
            lines += [
                f"0 time stamp:  {at(record.time)}",
                f"1 fract. time: .{int(record.time % 1 * 1_000_000):06d}",
                f"2 sender rate: {record.rate:6.3f}",
            ]
        case MiscRecord():
            lines.append(f"0 count:      {record.count}")
        case None:
            lines.append("(the record cannot be read)")
    return "".join(f"{line}\n" for line in lines)


def modify(record: Any, field: int, text: str, *, utc: bool = False) -> Any:
    """The record with one field changed; None when that is not possible."""
    try:
        match record:
            case RetryRecord():
                return _modify_retry(record, field, text, utc=utc)
            case CalloutAddress() if field == 0:
                return CalloutAddress(int(text) == 1)
            case CalloutDomain() if field < 3:
                value = _NAMES[int(text)]
                if field == 0:
                    return replace(record, result=value)
                return replace(record, postmaster=value) if field == 1 else replace(record, random=value)
            case RateRecord() if field == 0:
                return replace(record, time=float(_moment(text, utc=utc)))
            case RateRecord() if field == 1:
                return replace(record, time=int(record.time) + float(f"0.{text.lstrip('.')}"))
            case RateRecord() if field == 2:
                return replace(record, rate=float(text))
            case MiscRecord() if field == 0:
                return MiscRecord(int(text))
    except (ValueError, KeyError):
        return None
    return None


def _modify_retry(record: RetryRecord, field: int, text: str, *, utc: bool) -> RetryRecord | None:
    match field:
        case 0:
            return replace(record, errno=int(text))
        case 1:
            return replace(record, more_errno=int(text))
        case 2:
            return replace(record, first_failed=_moment(text, utc=utc))
        case 3:
            return replace(record, last_try=_moment(text, utc=utc))
        case 4:
            return replace(record, next_try=_moment(text, utc=utc))
        case 5 if text in {"yes", "no"}:
            return replace(record, expired=text == "yes")
    return None


def _moment(text: str, *, utc: bool) -> int:
    """Pairs of digits from the right: minute, hour, day, month, year; colons between them do not matter. What is
    left out is as now. Raises ValueError."""
    digits = text.replace(":", "")
    if not digits.isdigit() or len(digits) % 2 or len(digits) > 10:
        raise ValueError(text)
    pairs = [int(digits[pos : pos + 2]) for pos in range(0, len(digits), 2)]
    now = time.gmtime() if utc else time.localtime()
    fields = [now.tm_year % 100, now.tm_mon, now.tm_mday, now.tm_hour, now.tm_min]
    fields[5 - len(pairs) :] = pairs
    year = fields[0] + (1900 if fields[0] >= 70 else 2000)
    parts = (year, fields[1], fields[2], fields[3], fields[4], 0, 0, 0, -1)
    if utc:
        import calendar

        return calendar.timegm(parts)
    return int(time.mktime(parts))
