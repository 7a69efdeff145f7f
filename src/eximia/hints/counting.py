"""Counting by day and domain what reports will tell of: the tables `dmarc` (RFC 9990) and `tlsrpt` (RFC 8460).

What is alike is counted under one key, `<days since 1970>:<domain>:<digest>`. A sender of reports takes what is due,
and afterwards takes the reported numbers away; what was counted in the meantime stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from eximia.base.namedtuple import NamedTuple

from .records import ReportRecord
from .store import Table

DAY = 86400
#: counts that could not be reported for so many days are dropped
_OLDEST = 14


class Counted(NamedTuple):
    """One row that is due."""

    key: str
    day: int
    domain: str
    record: ReportRecord


def count(table: Table[ReportRecord], domain: str, text: str, now: float) -> None:
    """Count one more of what `text` describes."""
    moment = int(now)
    digest = hashlib.sha256(text.encode()).hexdigest()[:20]

    def more(known: ReportRecord | None) -> ReportRecord:
        if known is None:
            return ReportRecord(moment, moment, 1, text)
        return ReportRecord(known.first, moment, known.count + 1, text)

    table.update(f"{moment // DAY}:{domain}:{digest}", more)


def due(table: Table[ReportRecord], now: float, *, today: bool, only: str = "") -> Iterator[Counted]:
    """What days that are over have counted, with `today` also the present one; `only` names a domain."""
    for key, record, _ in table.scan():
        day, domain = _day_and_domain(key)
        if day >= 0 and record.count > 0 and (today or day < now // DAY) and only in ("", domain):
            yield Counted(key, day, domain, record)


def forget(table: Table[ReportRecord], counted: Iterable[tuple[str, int]]) -> None:
    """Take away what was reported: keys with their numbers."""
    for key, number in counted:

        def less(known: ReportRecord | None, number: int = number) -> ReportRecord | None:
            return None if known is None else ReportRecord(known.first, known.last, known.count - number, known.text)

        table.update(key, less)


def drop_old(table: Table[ReportRecord], now: float) -> None:
    """Remove empty counts of days that are over, and counts that are too old."""
    for key, record, _ in list(table.scan()):
        age = now // DAY - _day_and_domain(key)[0]
        if age > _OLDEST or (record.count <= 0 and age > 0):
            table.delete(key)


def digest_of(host: str, domain: str, counted: Iterable[tuple[str, int]]) -> str:
    """What tells one report from every other: the same counts make the same."""
    return hashlib.sha256(repr((host, domain, sorted(counted))).encode()).hexdigest()[:24]


def _day_and_domain(key: str) -> tuple[int, str]:
    day, _, rest = key.partition(":")
    return (int(day) if day.isdigit() else -1), rest.rpartition(":")[0]
