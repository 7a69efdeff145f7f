"""Local deliveries: one run of a transport after the other (manual 23, 25)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.context import Address, Batch, Errno, Host, Outcome, Result, SmtpFacts
from eximia.transports.engine import run

from .batching import local_batches
from .outcomes import note_deferred, note_delivered, note_failed, put_off
from .results import deferral, failure
from .retrying import local_is_due, local_retry

if TYPE_CHECKING:
    from .attempt import Attempt


def deliver_local(attempt: Attempt) -> None:
    """Run the transports for `attempt.local`."""
    settings = attempt.settings
    ready: list[Address] = []
    for address in attempt.local:
        if settings.only_host:
            put_off(attempt, address)
        elif settings.queue_run and not settings.forced and not local_is_due(attempt, address):
            address.outcome = deferral("Retry time not yet reached", Errno.RETRY_LOCAL)
            note_deferred(attempt, address)
        else:
            ready.append(address)
    batches = local_batches(attempt, ready)
    for number, batch in enumerate(batches, 1):
        run_batch(attempt, batch)
        attempt.progress.save(more_to_come=number < len(batches) or bool(attempt.remote))


def run_batch(attempt: Attempt, batch: Batch) -> None:
    """Run a local transport and record what it did."""
    clock = attempt.process.ports.clock
    started = clock.monotonic()
    if attempt.settings.pretend:
        for address in batch.addresses:
            address.outcome = Outcome(Result.DELIVERED)
    else:
        run(attempt.ctx, batch)
    took = clock.monotonic() - started
    first = True
    for address in batch.addresses:
        outcome = address.outcome
        assert outcome is not None
        outcome.took = took
        if address.result_data and outcome.smtp is None and outcome.result is Result.DELIVERED:
            # A manualroute router gave a list of hosts: it is told of as the host.
            outcome.smtp = SmtpFacts(host=Host(address.result_data))
        if outcome.output and outcome.return_output and outcome.result is Result.DELIVERED:
            # `return_output`: what the command wrote goes back to the sender, and so the delivery counts as failed.
            text = outcome.output
            outcome = address.outcome = failure("return message generated", silent=True, pass_message=False)
            outcome.output, outcome.return_output, outcome.took = text, True, took
        if outcome.result is Result.DELIVERED:
            note_delivered(attempt, address, first=first, return_path=batch.return_path)
            first = False
        elif outcome.result is Result.FAILED:
            note_failed(attempt, address, return_path=batch.return_path)
        else:
            local_retry(address)
            note_deferred(attempt, address)
