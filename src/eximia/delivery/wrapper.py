"""`mua_wrapper`: one synchronous attempt in one SMTP transaction, all or nothing, and no queue (manual 52)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from eximia.context import Address, Outcome, Result, SmtpFacts
from eximia.transports.engine import run

from .batching import remote_batches
from .outcomes import note_delivered, note_failed
from .recipients import make_addresses
from .routing import route_all
from .settings import AttemptEnd

if TYPE_CHECKING:
    from .attempt import Attempt


def run_wrapped(attempt: Attempt) -> AttemptEnd:
    """The whole attempt. What goes wrong is said on standard error; the message is gone afterwards in any case."""
    from .finish import complete

    make_addresses(attempt)
    route_all(attempt)
    trouble = _unfit(attempt) or _send(attempt)
    if trouble:
        sys.stderr.write(f"{trouble}\n")
    complete(attempt)
    return AttemptEnd.REFUSED if trouble else AttemptEnd.COMPLETED


def _unfit(attempt: Attempt) -> str:
    """Why the message cannot be sent in one transaction, "" when it can; the log gets its own line."""
    log = attempt.log
    message_id = attempt.message.id
    for addresses, what in (
        (attempt.local, "local delivery"),
        (attempt.deferred, "deferred delivery"),
        (attempt.failed, "failed delivery"),
    ):
        if not addresses:
            continue
        # local ones were found in the order of routing, trouble is kept the newest first
        address = addresses[0 if addresses is attempt.local else -1]
        # a child's trouble is told of the address that it came from, without the reason
        original = address.top
        outcome = address.outcome if address is original else None
        why = f": {outcome.message}" if outcome is not None and outcome.message else ""
        if addresses is not attempt.failed or address is not original:
            log.main(f"** {original.address} routing yielded a {what}", message_id)
        return f"routing {original.address} yielded a {what}{why}"
    if len(remote_batches(attempt, attempt.remote)) > 1:
        log.main("** mua_wrapper is set but recipients cannot all be delivered in one transaction", message_id)
        return "delivery to smarthost failed (configuration problem)"
    return ""


def _send(attempt: Attempt) -> str:
    """Run the transport; the text of the failure, "" when all were delivered."""
    if not attempt.remote:
        return ""
    batch = remote_batches(attempt, attempt.remote)[0]
    run(attempt.ctx, batch)
    bad = [address for address in batch.addresses if not _delivered(address)]
    if not bad:
        for number, address in enumerate(batch.addresses):
            note_delivered(attempt, address, first=number == 0, return_path=batch.return_path)
        return ""
    reasons = [address.outcome for address in bad if address.outcome is not None]
    # A recipient that was taken, but not sent to because of another, shares the other's reason.
    first = next((reason for reason in reasons if reason.smtp is not None), reasons[0])
    last = first
    for address in batch.addresses:
        outcome = address.outcome
        if outcome is None or outcome.result is Result.DELIVERED or (outcome.smtp is None and first.smtp is not None):
            outcome = first
        last = Outcome(Result.FAILED, _reason(outcome), pass_message=True, smtp=outcome.smtp)
        address.outcome = last
        note_failed(attempt, address)
    where = _host(last.smtp)
    return f"Delivery failed: {where}{last.message}"


def _reason(outcome: Outcome) -> str:
    """What the system said, and what the transport did."""
    if outcome.errno <= 0:
        return outcome.message
    said = os.strerror(outcome.errno)
    return f"{said}: {outcome.message}" if outcome.message else said


def _delivered(address: Address) -> bool:
    return address.outcome is not None and address.outcome.result is Result.DELIVERED


def _host(smtp: SmtpFacts | None) -> str:
    if smtp is None or smtp.host is None:
        return ""
    return f"H={smtp.host.name} [{smtp.host.address}]: "
