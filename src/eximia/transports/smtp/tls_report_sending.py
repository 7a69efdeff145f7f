"""Sending TLS reports: what `tls_report` has counted goes to those who asked for it (RFC 8460).

A report goes to one of the addresses that the domain names: by mail, or by HTTPS. `eximia tls-report` is the command.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import Defer, ExpansionError, NetworkError
from eximia.dns import Status
from eximia.dns.hosts import addresses_by_dns
from eximia.dns.lookup import lookup
from eximia.expand import expand
from eximia.hints import counting
from eximia.message.address import first_address
from eximia.protocols import tlsrpt
from eximia.protocols.https_get import HttpError, post

if TYPE_CHECKING:
    from eximia.context import Context

_PATIENCE = 60.0


@dataclass(slots=True)
class Due:
    """The counts about one domain; `counted` are the keys in the store with what was counted under them."""

    domain: str
    rows: list[tuple[tlsrpt.Session, int]] = field(default_factory=list)
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


def send(ctx: Context, *, today: bool, only: str, dry_run: bool) -> Iterator[Sent]:
    """Send what is due, a report for each domain; what was sent, or nobody wants, is taken out of the store."""
    table = ctx.process.hints.tls_reports
    for one in _due(ctx, today=today, only=only):
        sent = _send(ctx, one, dry_run=dry_run)
        if not dry_run and not sent.problem:
            counting.forget(table, one.counted)
        yield sent
    if not dry_run:
        counting.drop_old(table, ctx.process.ports.clock.time())


def _due(ctx: Context, *, today: bool, only: str) -> list[Due]:
    found: dict[str, Due] = {}
    now = ctx.process.ports.clock.time()
    for key, day, domain, record in counting.due(ctx.process.hints.tls_reports, now, today=today, only=only):
        session = tlsrpt.unpack(record.text)
        if session is not None:
            one = found.setdefault(domain, Due(domain))
            one.rows.append((session, record.count))
            one.counted.append((key, record.count))
            one.days.add(day)
    return [found[domain] for domain in sorted(found)]


def _send(ctx: Context, one: Due, *, dry_run: bool) -> Sent:
    host = ctx.process.primary_hostname
    unique = counting.digest_of(host, one.domain, one.counted)
    report_id = f"{unique}@{host}"
    sent = Sent(one.domain, sum(count for _, count in one.rows))
    try:
        sender = expand(ctx.process.main.tls_report_sender, ctx)
        address = first_address(sender)
        period = tlsrpt.Period(min(one.days) * counting.DAY, (max(one.days) + 1) * counting.DAY - 1, host, address)
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
    ctx: Context, one: Due, sent: Sent, period: tlsrpt.Period, report_id: str, sender: str, address: str, unique: str
) -> str:
    """Give the report to the first destination that takes it; what happened. Raises Defer when none does."""
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
    for address in addresses_by_dns(ctx, parts.hostname).addresses[:4]:
        try:
            stream = ctx.process.ports.net.connect(address, port, timeout=_PATIENCE, interface="")
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
