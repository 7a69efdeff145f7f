"""What DMARC leaves behind of a message once the DATA ACL has decided: a block in the history file, a failure report,
and a count for the aggregate report. Nothing of that can stop the message: what goes wrong is logged."""

from __future__ import annotations

import os
from functools import partial
from random import randrange

from eximia.acl.signatures.dkim import verdicts
from eximia.base.errors import Defer, ExpansionError
from eximia.context import Context
from eximia.dns.lookup import lookup
from eximia.expand import expand
from eximia.expand.authresults import header as authentication_results
from eximia.hints.counting import count
from eximia.mailauth.dmarc import aggregate, failure, history
from eximia.mailauth.dmarc.destinations import destinations
from eximia.mailauth.dmarc.discovery import DnsFailure
from eximia.mailauth.spf.terms import is_record
from eximia.message.address import first_address
from eximia.message.dates import rfc5322

from .check import NOTE, Checked, finder_of

#: failure reports about one domain in an hour
_MOST_REPORTS = 20
_HOUR = 3600
_MOST_DOMAINS = 1000


def settle(ctx: Context, *, rejected: bool) -> None:
    """The DATA ACL has decided about a message that was checked."""
    checked: Checked = ctx.message.notes[NOTE]
    main = ctx.process.main
    if checked.status in ("off", "nofrom"):
        return
    if main.dmarc_history_file is not None:
        _write_history(ctx, checked, str(main.dmarc_history_file), rejected=rejected)
    if checked.verdict.record is None:
        return
    if main.dmarc_aggregate_reports:
        _count(ctx, checked, rejected=rejected)
    if ctx.message.dmarc_enable_forensic:
        _report(ctx, checked, rejected=rejected)


def _mail_from(ctx: Context) -> str:
    return ctx.message.sender_address.rpartition("@")[2] or ctx.session.sender_helo_name


def _write_history(ctx: Context, checked: Checked, path: str, *, rejected: bool) -> None:
    action = "reject" if rejected else "quarantine" if checked.status == "quarantine" else "accept"
    text = history.block(
        history.Checked(
            job=ctx.message.id,
            reporter=ctx.process.primary_hostname,
            received=int(ctx.message.received_time),
            address=ctx.session.sender_host_address or "",
            mail_from=_mail_from(ctx),
            verdict=checked.verdict,
            spf=checked.spf.result,
            dkim=checked.dkim,
            arc=str(ctx.message.auth_results.get("arc_state", "")),
            action=action,
        )
    )
    try:
        ctx.process.ports.blocking(append, path, text.encode("latin-1", "replace"))
    except OSError as error:
        ctx.process.log.panic(f"failed to write DMARC history to {path}: {error.strerror}", ctx.message.id)


def append(path: str, data: bytes) -> None:
    """Add a block, in one piece also when several processes write. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def _count(ctx: Context, checked: Checked, *, rejected: bool) -> None:
    verdict = checked.verdict
    row = aggregate.row(
        verdict,
        ctx.session.sender_host_address or "",
        ctx.message.sender_address.rpartition("@")[2],
        (checked.spf.domain, checked.spf.result),
        checked.dkim,
        rejected=rejected,
    )
    text = aggregate.pack(row, aggregate.policy(verdict))
    count(ctx.process.hints.dmarc, verdict.policy_domain, text, ctx.process.ports.clock.time())


def _report(ctx: Context, checked: Checked, *, rejected: bool) -> None:
    verdict = checked.verdict
    if not failure.wanted(verdict, checked.spf.result, [each.result for each in checked.dkim]):
        return
    if _is_report(ctx) or not _may_report(ctx, verdict.policy_domain):
        return
    record = verdict.record
    assert record is not None  # settle() looks
    log = ctx.process.log
    try:
        recipients = destinations(partial(lookup, ctx), finder_of(ctx), verdict.policy_domain, record.ruf, failure=True)
        if not recipients:
            return
        sender = expand(ctx.process.main.dmarc_forensic_sender, ctx)
        data = failure.report(
            _failed(ctx, checked, rejected=rejected),
            sender=sender,
            recipients=recipients,
            reporter=ctx.process.primary_hostname,
            version="Eximia/1",
            boundary=f"{int(ctx.process.ports.clock.time())}-dmarc-{randrange(1 << 31)}",
        )
        ctx.process.services.submit(
            ctx.process, data, recipients, sender=first_address(sender), reference=ctx.message.id
        )
    except (Defer, ExpansionError, DnsFailure) as error:
        log.main(f"DMARC failure report for {verdict.domain} was not sent: {error}", ctx.message.id)


def _failed(ctx: Context, checked: Checked, *, rejected: bool) -> failure.Failed:
    message = ctx.message
    field = authentication_results(ctx, ctx.process.primary_hostname)
    return failure.Failed(
        verdict=checked.verdict,
        header="".join(header.text for header in message.headers if not header.deleted),
        address=ctx.session.sender_host_address or "",
        mail_from=message.sender_address,
        recipients=[recipient.address for recipient in message.recipients],
        date=rfc5322(message.received_time),
        authentication_results=field.partition(": ")[2],
        spf=checked.spf.result,
        spf_domain=checked.spf.domain,
        spf_record=_spf_record(ctx, checked.spf.domain) if checked.spf.result else "",
        signatures=[
            (each.domain, each.signature.selector, each.signature.identity, one.result)
            for each, one in zip(verdicts(ctx), checked.dkim, strict=False)
        ],
        delivery="reject" if rejected else "delivered",
    )


def _spf_record(ctx: Context, domain: str) -> str:
    """What SPF was asked by; empty without one. The answer is known from the check."""
    answer = lookup(ctx, domain, "TXT") if domain else None
    if answer is None or not answer.found:
        return ""
    return next((text for txt in answer.records if is_record(text := txt.joined.decode("latin-1"))), "")


def _is_report(ctx: Context) -> bool:
    """A report about a report would begin a conversation between machines."""
    for header in ctx.message.headers:
        if header.name == "content-type" and "feedback-report" in header.body.lower():
            return True
    return False


def _may_report(ctx: Context, domain: str) -> bool:
    """Not too many reports about one domain, whoever makes it fail."""
    now = ctx.process.ports.clock.monotonic()
    sent: dict[str, tuple[float, int]] = ctx.process.caches.setdefault("dmarc.reports", {})
    began, count = sent.get(domain, (now, 0))
    if now - began > _HOUR:
        began, count = now, 0
    if len(sent) > _MOST_DOMAINS:
        sent.clear()
    sent[domain] = (began, count + 1)
    return count < _MOST_REPORTS
