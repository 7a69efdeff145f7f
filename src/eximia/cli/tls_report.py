"""`eximia tls-report`: send the TLS reports that are due (RFC 8460); for a daily cron job.

    eximia tls-report [-C FILE] [--today] [--domain DOMAIN] [--dry-run]

Days that are over are reported, with --today the present one too. A report goes to one of the addresses that the domain
names: by mail, or by HTTPS. One that cannot be sent is tried again by the next run, for two weeks.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from eximia.base.dataclass import dataclass, field

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.protocols.tlsrpt import Period, Session

_DAY = 86400
#: counts that could not be reported for so many days are dropped
_OLDEST = 14
_PATIENCE = 60.0


@dataclass(slots=True)
class Due:
    """The counts about one domain; `counted` are the keys in the store with what was counted under them."""

    domain: str
    rows: list[tuple[Session, int]] = field(default_factory=list)
    counted: list[tuple[str, int]] = field(default_factory=list)
    days: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Sent:
    """What became of a report. `problem` is empty when it went, or when nobody wants it."""

    domain: str
    sessions: int
    content: bytes = b""
    destinations: list[str] = field(default_factory=list)
    told: str = ""
    problem: str = ""


def command(words: Sequence[str]) -> int:
    """The exit status: 0; 1 when a report could not be sent."""
    import argparse

    parser = argparse.ArgumentParser(prog="eximia tls-report", description="Send the TLS reports that are due.")
    parser.add_argument("-C", "--config", metavar="FILE", help="the configuration (default: the site's)")
    parser.add_argument("--today", action="store_true", help="report the present day, too")
    parser.add_argument("--domain", default="", metavar="DOMAIN", help="only what is about this domain")
    parser.add_argument("--dry-run", action="store_true", help="print the reports; nothing is sent or forgotten")
    given = parser.parse_args(list(words))
    from eximia.cli.opening import open_process
    from eximia.context import Context
    from eximia.daemon.invocation import Invocation

    call = Invocation(program="eximia", words=list(words), action="bm")
    call.config_files = given.config
    process = open_process(call)
    if not process.is_admin:
        sys.stderr.write("eximia tls-report: only an administrator may send reports\n")
        return 1
    failed = False
    for one in send(Context(process), today=given.today, only=given.domain.lower(), dry_run=given.dry_run):
        about = f"{one.domain}: {one.sessions} session{'s' if one.sessions != 1 else ''}"
        if one.problem:
            failed = True
            sys.stderr.write(f"{about}: not sent: {one.problem}\n")
        elif not one.destinations:
            sys.stdout.write(f"{about}: nobody wants a report\n")
        else:
            sys.stdout.write(f"{about}: {', '.join(one.destinations)}: {one.told or 'would be sent'}\n")
        if given.dry_run:
            sys.stdout.write(one.content.decode() + "\n")
    return 1 if failed else 0


def send(ctx: Context, *, today: bool, only: str, dry_run: bool) -> Iterator[Sent]:
    """Send what is due, a report for each domain; what was sent, or nobody wants, is taken out of the store."""
    for one in _due(ctx, today=today, only=only):
        sent = _send(ctx, one, dry_run=dry_run)
        if not dry_run and not sent.problem:
            _forget(ctx, one)
        yield sent
    if not dry_run:
        _drop_old(ctx)


def _day_and_domain(key: str) -> tuple[int, str]:
    day, _, rest = key.partition(":")
    return (int(day) if day.isdigit() else -1), rest.rpartition(":")[0]


def _due(ctx: Context, *, today: bool, only: str) -> list[Due]:
    from eximia.protocols.tlsrpt import unpack

    now = int(ctx.process.ports.clock.time()) // _DAY
    found: dict[str, Due] = {}
    for key, record, _ in ctx.process.hints.tls_reports.scan():
        day, domain = _day_and_domain(key)
        session = unpack(record.text)
        if session is None or day < 0 or record.count <= 0 or (day >= now and not today) or only not in ("", domain):
            continue
        one = found.setdefault(domain, Due(domain))
        one.rows.append((session, record.count))
        one.counted.append((key, record.count))
        one.days.add(day)
    return [found[domain] for domain in sorted(found)]


def _send(ctx: Context, one: Due, *, dry_run: bool) -> Sent:
    from eximia.acl.dmarc.settle import envelope_sender
    from eximia.base.errors import Defer, ExpansionError, NetworkError
    from eximia.dns import Status
    from eximia.dns.lookup import lookup
    from eximia.expand import expand
    from eximia.protocols import tlsrpt

    host = ctx.process.primary_hostname
    unique = hashlib.sha256(repr((host, one.domain, sorted(one.counted))).encode()).hexdigest()[:24]
    report_id = f"{unique}@{host}"
    sent = Sent(one.domain, sum(count for _, count in one.rows))
    try:
        sender = expand(ctx.process.main.tls_report_sender, ctx)
        address = envelope_sender(sender)
        period = tlsrpt.Period(min(one.days) * _DAY, (max(one.days) + 1) * _DAY - 1, host, address)
        sent.content = tlsrpt.report(report_id, period, one.domain, one.rows)
        answer = lookup(ctx, f"_smtp._tls.{one.domain}", "TXT")
        if answer.status is Status.AGAIN:
            raise Defer(f"the DNS does not tell who wants reports: {answer.why}")
        found = answer.status is Status.FOUND
        sent.destinations = tlsrpt.destinations([record.joined for record in answer.records] if found else [])
        if not dry_run and sent.destinations:
            sent.told = _hand_over(ctx, one, sent, period, report_id, sender, address, unique)
    except (Defer, ExpansionError, NetworkError) as error:
        sent.problem = str(error) or type(error).__name__
    return sent


def _hand_over(
    ctx: Context, one: Due, sent: Sent, period: Period, report_id: str, sender: str, address: str, unique: str
) -> str:
    """Give the report to the first destination that takes it; what happened. Raises Defer when none does."""
    from eximia.base.errors import Defer
    from eximia.protocols import tlsrpt

    problems = []
    for uri in sent.destinations:
        if uri.lower().startswith("mailto:"):
            recipient = unquote(uri[7:].partition("?")[0])
            if "@" not in recipient or not recipient.isprintable() or "," in recipient or "<" in recipient:
                problems.append(f"{uri} is no mail address")
                continue
            data = tlsrpt.mail(
                sent.content, period, one.domain, report_id, sender=sender, recipients=[recipient], unique=unique
            )
            return str(ctx.process.services.submit(ctx.process, data, [recipient], sender=address))
        problem = _post(ctx, uri, gzip.compress(sent.content, mtime=0))
        if not problem:
            return "taken by HTTPS"
        problems.append(f"{uri}: {problem}")
    raise Defer("; ".join(problems))


def _post(ctx: Context, uri: str, data: bytes) -> str:
    """POST a report; why it was not taken, or empty. Its certificate need not be checked (RFC 8460 3)."""
    from eximia.base.errors import NetworkError
    from eximia.dns.lookup import lookup
    from eximia.protocols.https_get import HttpError, post

    parts = urlsplit(uri)
    connect = ctx.process.services.tls_connect
    try:
        port = parts.port or 443
    except ValueError:
        return "no such port"
    if connect is None or not parts.hostname:
        return "no TLS here" if connect is None else "no host"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    problem = "the host has no address"
    for record in lookup(ctx, parts.hostname, "A").records:
        try:
            stream = ctx.process.ports.net.connect(record.address, port, timeout=_PATIENCE, interface="")
        except NetworkError as error:
            problem = error.message
            continue
        try:
            encrypted = connect(ctx, stream, parts.hostname)
            answer = post(encrypted, parts.hostname, path, "application/tlsrpt+gzip", data, timeout=_PATIENCE)
            return "" if 200 <= answer.status < 300 else f"HTTP status {answer.status}"
        except (NetworkError, HttpError) as error:
            problem = str(error)
        finally:
            stream.close()
    return problem


def _forget(ctx: Context, one: Due) -> None:
    """Take away what was reported. Sessions that were counted in the meantime stay."""
    from eximia.hints.records import ReportRecord

    for key, count in one.counted:

        def less(known: ReportRecord | None, count: int = count) -> ReportRecord | None:
            return None if known is None else ReportRecord(known.first, known.last, known.count - count, known.text)

        ctx.process.hints.tls_reports.update(key, less)


def _drop_old(ctx: Context) -> None:
    """Empty counts of days that are over, and counts that are too old."""
    table = ctx.process.hints.tls_reports
    today = int(ctx.process.ports.clock.time()) // _DAY
    for key, record, _ in list(table.scan()):
        age = today - _day_and_domain(key)[0]
        if age > _OLDEST or (record.count <= 0 and age > 0):
            table.delete(key)
