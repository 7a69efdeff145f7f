"""Aggregate reports: what `settle` has counted goes to those who asked for it (RFC 9990)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial

from eximia.base.dataclass import dataclass
from eximia.base.errors import Defer, ExpansionError
from eximia.context import Context
from eximia.dns.lookup import lookup
from eximia.expand import expand
from eximia.hints.records import ReportRecord
from eximia.mailauth.dmarc import aggregate
from eximia.mailauth.dmarc.destinations import destinations
from eximia.mailauth.dmarc.discovery import DnsFailure

from .check import finder_of
from .settle import envelope_sender

_DAY = 86400
#: counts that could not be reported for so many days are dropped
_OLDEST = 14
_GENERATOR = "Eximia"


@dataclass(slots=True)
class Due:
    """The counts about one domain; `counted` are the keys in the store with what was counted under them."""

    domain: str
    policy: aggregate.Policy
    rows: list[tuple[aggregate.Row, int]]
    counted: list[tuple[str, int]]
    first_day: int
    last_day: int
    last: int


@dataclass(slots=True)
class Report:
    """One report: to whom it went, or why it did not."""

    domain: str
    recipients: list[str]
    messages: int
    content: bytes
    name: str
    message_id: str = ""
    problem: str = ""


def due(ctx: Context, *, today: bool, only: str = "") -> list[Due]:
    """What can be reported: everything up to yesterday, or with `today` up to now."""
    now = int(ctx.process.ports.clock.time())
    found: dict[str, Due] = {}
    for key, record, _ in ctx.process.hints.dmarc.scan():
        unpacked = aggregate.unpack(record.text)
        day = key.partition(":")[0]
        if unpacked is None or not day.isdigit() or record.count <= 0:
            continue
        row, policy = unpacked
        if (int(day) >= now // _DAY and not today) or (only and policy.domain != only):
            continue
        one = found.get(policy.domain)
        if one is None:
            one = found[policy.domain] = Due(policy.domain, policy, [], [], int(day), int(day), record.last)
        # The policy that was seen last is the one that is shown.
        if record.last >= one.last:
            one.policy, one.last = policy, record.last
        one.first_day, one.last_day = min(one.first_day, int(day)), max(one.last_day, int(day))
        one.rows.append((row, record.count))
        one.counted.append((key, record.count))
    return [found[domain] for domain in sorted(found)]


def send(ctx: Context, *, today: bool = False, only: str = "", dry_run: bool = False) -> Iterator[Report]:
    """Send what is due, a report for each domain. What was sent, or nobody wants, is taken out of the store."""
    for one in due(ctx, today=today, only=only):
        report = _send(ctx, one, dry_run=dry_run)
        if not dry_run and not report.problem:
            _forget(ctx, one)
        yield report
    if not dry_run:
        _drop_old(ctx)


def _send(ctx: Context, one: Due, *, dry_run: bool) -> Report:
    process = ctx.process
    host = process.primary_hostname
    unique = hashlib.sha256(repr((host, one.domain, sorted(one.counted))).encode()).hexdigest()[:24]
    report_id = f"{unique}@{host}"
    report = Report(one.domain, [], sum(count for _, count in one.rows), b"", "")
    try:
        sender = expand(process.main.dmarc_aggregate_sender, ctx)
        period = aggregate.Period(
            one.first_day * _DAY, (one.last_day + 1) * _DAY - 1, host, envelope_sender(sender) or sender, _GENERATOR
        )
        report.content = aggregate.xml(report_id, period, one.policy, one.rows)
        report.name = aggregate.file_name(period, one.domain, unique)
        report.recipients = destinations(
            partial(lookup, ctx), finder_of(ctx), one.domain, one.policy.rua, failure=False
        )
        if report.recipients and not dry_run:
            data = aggregate.mail(
                report.content,
                period,
                one.domain,
                report_id,
                sender=sender,
                recipients=report.recipients,
                unique=unique,
                boundary=f"dmarc-{unique}",
            )
            report.message_id = process.services.submit(
                process, data, report.recipients, sender=envelope_sender(sender)
            )
    except (Defer, ExpansionError, DnsFailure) as error:
        report.problem = str(error) or type(error).__name__
    return report


def _forget(ctx: Context, one: Due) -> None:
    """Take away what was reported. Messages that were counted in the meantime stay."""
    table = ctx.process.hints.dmarc
    for key, count in one.counted:

        def less(known: ReportRecord | None, count: int = count) -> ReportRecord | None:
            return None if known is None else ReportRecord(known.first, known.last, known.count - count, known.text)

        table.update(key, less)


def _drop_old(ctx: Context) -> None:
    """Empty counts of days that are over, and counts that are too old."""
    table = ctx.process.hints.dmarc
    today = int(ctx.process.ports.clock.time()) // _DAY
    for key, record, _ in list(table.scan()):
        day = key.partition(":")[0]
        age = today - int(day) if day.isdigit() else _OLDEST + 1
        if age > _OLDEST or (record.count <= 0 and age > 0):
            table.delete(key)
