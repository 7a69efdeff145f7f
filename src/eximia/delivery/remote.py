"""Remote deliveries: addresses grouped by transport and hosts, several groups at a time (manual 14
`remote_max_parallel`, 30, 49.1)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.errors import Defer
from eximia.context import Address, Batch, Errno, Outcome, Result, SmtpFacts
from eximia.lists import match_domain
from eximia.logs.printing import printing
from eximia.transports.engine import run
from eximia.transports.smtp.waiting import wait_for

from .batching import remote_batches
from .events import address_event
from .outcomes import note_deferred, note_delivered, note_failed, put_off
from .results import deferral

if TYPE_CHECKING:
    from eximia.base.ports import Task

    from .attempt import Attempt

_BYPASSED = "delivery bypassed by -N option"
_QUEUED = "first-pass only routing due to -odqs, queue_smtp_domains or control=queue"
#: -odqs, queue_only_file
_QUEUED_BY_OPTION = "SMTP delivery explicitly queued"


def deliver_remote(attempt: Attempt) -> None:
    """Run the transports for `attempt.remote`."""
    addresses = _to_send(attempt)
    if not addresses:
        return
    left = _deliver(attempt, remote_batches(attempt, addresses))
    if left:
        # Those that were left last come first, as in Exim.
        batches = remote_batches(attempt, left[::-1], falls_back=True)
        _deliver(attempt, batches)


def _deliver(attempt: Attempt, batches: list[Batch]) -> list[Address]:
    """Run these batches; the addresses that are left for their fallback hosts. When one cannot be recorded (a full
    disk), no other is begun, and those under way are recorded before that is raised."""
    left: list[Address] = []
    for batch in batches:
        batch.leaves = not batch.falls_back
    if len(batches) == 1:
        _run(attempt, batches[0])
        left += batches[0].left
        _record(attempt, batches[0], more_to_come=bool(left))
        return left
    most = max(1, attempt.process.main.remote_max_parallel)
    waiting = list(batches)
    running: list[tuple[Batch, Task[None]]] = []
    failure: Exception | None = None
    while waiting or running:
        while waiting and len(running) < most:
            batch = waiting.pop(0)
            running.append((batch, attempt.process.ports.spawn(_run, attempt, batch)))
        at = next((number for number, (_, task) in enumerate(running) if task.done()), 0)
        batch, task = running.pop(at)
        try:
            task.join()
            left += batch.left
            _record(attempt, batch, more_to_come=bool(waiting or running or left or failure))
        except Exception as error:  # noqa: BLE001  (raised below)
            failure = failure or error
            waiting.clear()
    if failure is not None:
        raise failure
    return left


def _to_send(attempt: Attempt) -> list[Address]:
    """The addresses to deliver now; others are put off (-ql, -odqs, queue_smtp_domains)."""
    settings = attempt.settings
    template = attempt.process.main.queue_smtp_domains
    if settings.local_only:
        for address in attempt.remote:
            address.outcome = deferral("remote deliveries suppressed", Errno.LOCAL_ONLY)
            note_deferred(attempt, address)
        return []
    if settings.only_host:
        return _for_host(attempt, settings.only_host)
    queue_all = settings.queue_smtp or settings.first_pass or attempt.message.queue_first_pass
    if not queue_all and (template is None or settings.queue_run or settings.forced):
        return attempt.remote
    explicitly = settings.queue_smtp or attempt.message.notes.get("queue_smtp", False)
    kept: list[Address] = []
    for address in attempt.remote:
        if queue_all or _listed(attempt, address):
            address.outcome = deferral(_QUEUED_BY_OPTION, 0) if explicitly else deferral(_QUEUED)
            note_deferred(attempt, address, quiet=settings.first_pass)
            for host in address.hosts:
                wait_for(attempt.ctx, address.transport.name, host.name)
            if settings.note_host is not None and address.hosts:
                settings.note_host(address.transport.name, address.hosts[0].name)
        else:
            kept.append(address)
    return kept


def _for_host(attempt: Attempt, name: str) -> list[Address]:
    """The addresses that go to the host `name`; the others wait as they did."""
    kept: list[Address] = []
    for address in attempt.remote:
        if any(host.name == name for host in address.hosts):
            kept.append(address)
        else:
            put_off(attempt, address)
    return kept


def _listed(attempt: Attempt, address: Address) -> bool:
    """Whether the domain is in queue_smtp_domains; where nothing says so, the address is delivered."""
    try:
        return match_domain(attempt.process.main.queue_smtp_domains, address.domain, attempt.ctx) is not None
    except Defer:
        return False


def _run(attempt: Attempt, batch: Batch) -> None:
    clock = attempt.process.ports.clock
    started = clock.monotonic()
    if attempt.settings.pretend:
        for address in batch.addresses:
            smtp = SmtpFacts(host=address.hosts[0], confirmation=_BYPASSED) if address.hosts else None
            address.outcome = Outcome(Result.DELIVERED, smtp=smtp)
    else:
        run(attempt.ctx, batch)
    took = clock.monotonic() - started
    for address in batch.addresses:
        if address.outcome is not None:
            address.outcome.took = took


def _note_refusal(attempt: Attempt, address: Address) -> None:
    """An answer to RCPT is in the message log as the host gave it."""
    outcome = address.outcome
    if outcome is None or outcome.smtp is None or outcome.smtp.host is None:
        return
    if outcome.message.startswith("SMTP error from remote mail server after RCPT TO:"):
        host = outcome.smtp.host
        attempt.progress.note(f"H={host.name} [{host.address}] {printing(outcome.message)}")


#: a host that wants nothing of us is told of as if it might change its mind, before its addresses fail
_TURNED_AWAY = "SMTP error from remote mail server after initial connection: 5"


def _raise_deferral(attempt: Attempt, batch: Batch) -> None:
    """One `msg:defer` for what concerned the whole message or the host. Those of single recipients were raised by the
    transport."""
    for address in batch.addresses:
        outcome = address.outcome
        if outcome is None or outcome.errno == Errno.RCPT_4XX:
            continue
        if outcome.result is not Result.DEFERRED and not outcome.message.startswith(_TURNED_AWAY):
            continue
        if outcome.errno > Errno.RETRY_ROUTING:
            text = outcome.message or (os.strerror(outcome.errno) if outcome.errno > 0 else "")
            address_event(
                attempt, address, "msg:defer", text, batch.transport.options.event_action, errno=outcome.errno
            )
            return


def _record(attempt: Attempt, batch: Batch, *, more_to_come: bool) -> None:
    """Log what became of the addresses of one batch, save those that are left for fallback hosts."""
    if batch.left:
        batch.addresses = [address for address in batch.addresses if address not in batch.left]
        if not batch.addresses:
            return
    attempt.last_remote = batch
    for address in batch.addresses:
        _note_refusal(attempt, address)
    if batch.transport.options.event_action is not None:
        _raise_deferral(attempt, batch)
    copied_to: object = ()
    for address in batch.addresses:
        outcome = address.outcome
        assert outcome is not None
        if outcome.result is Result.DELIVERED:
            if outcome.smtp is not None and outcome.smtp.host is not None and not attempt.settings.pretend:
                attempt.reached.add((batch.transport.name, outcome.smtp.host.name))
            host = outcome.smtp.host if outcome.smtp is not None else None
            to = (host.address, host.port) if host is not None else None
            note_delivered(attempt, address, first=to != copied_to, return_path=batch.return_path)
            copied_to = to
        elif outcome.result is Result.FAILED:
            note_failed(attempt, address, return_path=batch.return_path)
        else:
            if outcome.errno == Errno.RETRY_HOSTS and address is batch.first:
                for name in {host.name for host in address.hosts}:
                    wait_for(attempt.ctx, batch.transport.name, name)
            note_deferred(attempt, address)
    attempt.progress.save(more_to_come=more_to_come)
