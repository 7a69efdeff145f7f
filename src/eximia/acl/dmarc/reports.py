"""Aggregate reports: what `settle` has counted goes to those who asked for it (RFC 9990)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from eximia.base.dataclass import dataclass
from eximia.base.errors import Defer, ExpansionError
from eximia.context import Context
from eximia.dns.lookup import lookup
from eximia.expand import expand
from eximia.hints import counting
from eximia.mailauth.dmarc import aggregate
from eximia.mailauth.dmarc.destinations import destinations
from eximia.mailauth.dmarc.discovery import DnsFailure
from eximia.message.address import first_address

from .check import finder_of

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
    found: dict[str, Due] = {}
    for key, day, _, record in counting.due(
        ctx.process.hints.dmarc, ctx.process.ports.clock.time(), today=today, only=only
    ):
        unpacked = aggregate.unpack(record.text)
        if unpacked is None:
            continue
        row, policy = unpacked
        one = found.get(policy.domain)
        if one is None:
            one = found[policy.domain] = Due(policy.domain, policy, [], [], day, day, record.last)
        # The policy that was seen last is the one that is shown.
        if record.last >= one.last:
            one.policy, one.last = policy, record.last
        one.first_day, one.last_day = min(one.first_day, day), max(one.last_day, day)
        one.rows.append((row, record.count))
        one.counted.append((key, record.count))
    return [found[domain] for domain in sorted(found)]


def send(ctx: Context, *, today: bool = False, only: str = "", dry_run: bool = False) -> Iterator[Report]:
    """Send what is due, a report for each domain. What was sent, or nobody wants, is taken out of the store."""
    table = ctx.process.hints.dmarc
    for one in due(ctx, today=today, only=only):
        report = _send(ctx, one, dry_run=dry_run)
        if not dry_run and not report.problem:
            counting.forget(table, one.counted)
        yield report
    if not dry_run:
        counting.drop_old(table, ctx.process.ports.clock.time())


def _send(ctx: Context, one: Due, *, dry_run: bool) -> Report:
    process = ctx.process
    host = process.primary_hostname
    unique = counting.digest_of(host, one.domain, one.counted)
    report_id = f"{unique}@{host}"
    report = Report(one.domain, [], sum(count for _, count in one.rows), b"", "")
    try:
        sender = expand(process.main.dmarc_aggregate_sender, ctx)
        period = aggregate.Period(
            one.first_day * counting.DAY,
            (one.last_day + 1) * counting.DAY - 1,
            host,
            first_address(sender) or sender,
            _GENERATOR,
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
            report.message_id = process.services.submit(process, data, report.recipients, sender=first_address(sender))
    except (Defer, ExpansionError, DnsFailure) as error:
        report.problem = str(error) or type(error).__name__
    return report
