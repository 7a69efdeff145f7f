"""Retry hints of addresses: is it time, what was learnt, who is given up (manual 32.10, 32.11).

Hosts' retry times are looked at by the smtp transport; what it learnt arrives here as `RetryChange` values.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.errors import Defer
from eximia.context import Address, RetryChange
from eximia.hints import RetryRecord
from eximia.lists import match_address
from eximia.retry.keys import retried_name
from eximia.retry.rules import RetryRule, find_rule
from eximia.retry.schedule import next_interval

from .results import failure

if TYPE_CHECKING:
    from eximia.base.template import Template

    from .attempt import Attempt


def routing_is_due(attempt: Attempt, address: Address) -> bool:
    """False when the routing of this address failed before and its retry time is not reached; true when the message is
    so old that one more try is its last."""
    return all(_is_due(attempt, address, key) for key in _routing_keys(attempt, address))


def last_routing_error(attempt: Attempt, address: Address) -> str:
    """Why the routing of this address failed the last time, "" when that is not known."""
    for key in _routing_keys(attempt, address):
        entry = attempt.process.hints.retry.entry(key)
        if entry is not None:
            record: RetryRecord = entry[0]
            return record.text
    return ""


def local_is_due(attempt: Attempt, address: Address) -> bool:
    """The same for a local delivery."""
    return _is_due(attempt, address, local_key(address))


def local_key(address: Address) -> str:
    """`T:local_part@domain`, the domain alone without retry_use_local_part, or the pipe or file."""
    if address.is_special:
        return f"T:{address.unique}"
    transport = address.transport
    if transport is not None and transport.options.retry_use_local_part is False:
        return f"T:{address.domain}"
    return f"T:{retried_name(address)}"


def _routing_keys(attempt: Attempt, address: Address) -> tuple[str, str, str]:
    full = f"R:{retried_name(address)}"
    return f"R:{address.domain}", full, f"{full}:<{attempt.message.sender_address}>"


def _is_due(attempt: Attempt, address: Address, key: str) -> bool:
    process = attempt.process
    entry = process.hints.retry.entry(key)
    if entry is None:
        return True
    record, written = entry
    now = process.ports.clock.time()
    if now - written > process.main.retry_data_expire:
        return True
    if now >= record.next_try or record.expired:
        return True
    return _past_last_cutoff(attempt, address, record, now)


def _past_last_cutoff(attempt: Attempt, address: Address, record: RetryRecord, now: float) -> bool:
    """True when the message has waited longer than the applicable rule allows (the last try of manual 32.11)."""
    rule = _rule(attempt, address.address, "", record.errno, record.more_errno)
    return rule is not None and bool(rule.steps) and now - attempt.message.received_time > rule.final_cutoff


def routing_retry(attempt: Attempt, address: Address) -> None:
    """A deferral while routing makes a record for the domain, or for the address."""
    router = address.router
    outcome = address.outcome
    assert outcome is not None
    use_local_part = router is not None and router.retry_use_local_part
    name = retried_name(address) if use_local_part else address.domain
    address.retries.append(
        RetryChange(f"R:{name}", errno=outcome.errno, more_errno=outcome.more_errno, text=outcome.message)
    )


def local_retry(address: Address) -> None:
    """A deferral by a local transport."""
    outcome = address.outcome
    assert outcome is not None
    if not outcome.panic:
        address.retries.append(
            RetryChange(
                local_key(address),
                errno=outcome.errno,
                more_errno=outcome.more_errno,
                text=outcome.message,
                is_message=True,
            )
        )


def _rule(attempt: Attempt, key: str, alternate: str, errno: int, more_errno: int) -> RetryRule | None:
    ctx = attempt.ctx

    def matches(pattern: Template, subject: str) -> bool:
        try:
            return match_address(pattern, subject, ctx) is not None
        except Defer:
            return False

    return find_rule(
        attempt.process.config.retry, key, alternate, errno, more_errno, attempt.message.sender_address, matches
    )


def settle_retries(attempt: Attempt) -> None:
    """Write the hints, and turn deferred addresses whose time is over into failed ones."""
    if attempt.settings.pretend:
        return
    for address in attempt.succeeded:
        _forget(attempt, address)
    for address in attempt.failed:
        _forget(attempt, address, failed=True)
    if not attempt.deferred:
        return
    remaining: list[Address] = []
    timed_out: list[Address] = []
    done: dict[str, bool] = {}
    # Exim looks at the latest first.
    for address in reversed(attempt.deferred):
        if _learn(attempt, address, done):
            timed_out.append(address)
        else:
            remaining.append(address)
    remaining.reverse()
    attempt.deferred = remaining
    if not attempt.freeze_reason:
        # what asked for freezing may be among those that fail now
        attempt.wanted_freeze = any(address.outcome is not None and address.outcome.freeze for address in remaining)
    for address in timed_out:
        _give_up(attempt, address)


def _forget(attempt: Attempt, address: Address, *, failed: bool = False) -> None:
    """Success: what the hints say against the address or its hosts is no longer true. With `failed` it did not succeed;
    then the hints for other messages count: those against hosts."""
    table = attempt.process.hints.retry
    for change in address.retries:
        if change.delete:
            table.delete(change.key)
        elif not failed or (change.is_host and not change.is_message):
            _record(attempt, address, change)
    if failed or (attempt.message.first_delivery and not attempt.settings.queue_run):
        return
    transport = address.transport
    if transport is not None:
        for key in _routing_keys(attempt, address):
            table.delete(key)
        table.delete(local_key(address))


def _learn(attempt: Attempt, address: Address, done: dict[str, bool]) -> bool:
    """Write what a deferred address taught; True when all of it is past its last cutoff."""
    changes = [change for change in address.retries if not change.delete]
    for change in address.retries:
        if change.delete:
            attempt.process.hints.retry.delete(change.key)
    if not changes:
        return False
    over = True
    for change in changes:
        known = done.get(change.key)
        if known is None:
            known = done[change.key] = _record(attempt, address, change)
        over = over and known
    return over and not _untried_hosts(address)


def _untried_hosts(address: Address) -> bool:
    """True when a host of the address was neither tried now nor is known to have failed for long."""
    from eximia.context import HostStatus

    if not address.hosts or address.outcome is None or address.outcome.smtp is None:
        return False
    return any(host.status is HostStatus.UNUSABLE and host.why == "retry time not reached" for host in address.hosts)


def _record(attempt: Attempt, address: Address, change: RetryChange) -> bool:
    """Write one record; True when its final cutoff is past."""
    process = attempt.process
    main = process.main
    now = int(process.ports.clock.time())
    if change.is_host:
        key, alternate = change.host_name, address.domain
    else:
        key = change.key[2:].partition(":<")[0] if change.key.startswith("R:") else _address_key(address, change)
        alternate = ""
    rule = _rule(attempt, key, alternate, change.errno, change.more_errno)
    if rule is None or not rule.steps:
        return True
    table = process.hints.retry
    entry = table.entry(change.key)
    old = entry[0] if entry is not None and now - entry[1] <= main.retry_data_expire else None
    first = old.first_failed if old is not None else now
    if change.is_message:
        first = min(first, int(attempt.message.received_time))
    failing = now - first
    over = failing >= rule.final_cutoff
    waited_too_long = now - attempt.message.received_time > rule.final_cutoff
    if waited_too_long and not over:
        # The last try of a message that is older than the rule allows: others are not made to wait for it.
        return True
    previous = min(old.next_try, now) - old.last_try if old is not None else 0
    interval = next_interval(rule, failing, previous, main.retry_interval_max)
    if process.trace is not None:
        process.trace.step("retry", rule.span, change.key, "given up" if over else f"again in {interval}s", change.text)
    table.put(
        change.key,
        RetryRecord(first, now, now + interval, change.errno, change.more_errno, _text(change), expired=over),
    )
    return over


def _text(change: RetryChange) -> str:
    """What the record says: of an error of the system its own words alone."""
    return os.strerror(change.errno) if change.errno > 0 else change.text


def _address_key(address: Address, change: RetryChange) -> str:
    """What rules are searched by for a local delivery."""
    if address.is_special:
        parent = address.parent
        return parent.address if parent is not None else address.domain
    return change.key[2:]


def _give_up(attempt: Attempt, address: Address) -> None:
    """`retry timeout exceeded`: the address fails, with the error that put it off as the reason in the bounce."""
    last = address.outcome
    assert last is not None
    parent = f" <{address.parent.address}>" if address.parent is not None else ""
    attempt.log.main(f"** {address.address}{parent}: retry timeout exceeded", attempt.message.id)
    attempt.progress.note(f"{address.address}: retry timeout exceeded")
    outcome = failure("retry timeout exceeded")
    outcome.smtp = last.smtp
    outcome.errno = max(0, last.errno)
    told = last.pass_message or last.smtp is not None
    outcome.user_message = _timeout_text(last.user_message or (last.message if told else ""))
    address.outcome = outcome
    attempt.failed.append(address)


def _timeout_text(message: str) -> str:
    return f"{message}: retry timeout exceeded" if message else "retry timeout exceeded"
