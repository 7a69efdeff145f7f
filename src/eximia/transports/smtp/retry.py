"""Retry hints of hosts: may this address of this host be tried now, and what was learnt (manual 32, 49.2, 30.4).

Only the hints are read here; what an attempt taught is handed to delivery as `RetryChange` values.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.context.delivery import Errno, Host, HostStatus, RetryChange
from eximia.retry.keys import retried_name
from eximia.transports.strings import expand_flag

from .failure import Failure, Fault

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Address, Outcome
    from eximia.hints.records import RetryRecord

_FROM_MX = ord("M")
_FROM_A = ord("A")


def host_key(ctx: Context, options: Any, host: Host, port: int) -> str:
    """`T:name:address[:port]`. Raises Failure when the option that decides on the address cannot be expanded."""
    include: Any = options.retry_include_ip_address
    if include is not True:
        try:
            include = expand_flag(include, ctx, True)
        except ExpansionError as error:
            where = f'"retry_include_ip_address" in {ctx.address.transport_name} transport'
            why = f"failed to expand {where}: {error.message}"
            raise Failure(why, Errno.UNKNOWN, Fault.LOCAL, stop=True) from error
    address = f":{host.address}" if include else ""
    suffix = "" if port == 25 else f":{port}"
    return f"T:{host.name}{address}{suffix}"


def check(ctx: Context, host: Host, key: str, *, force: bool) -> tuple[bool, bool, bool]:
    """(the host may be tried, a host record exists, a record for this message exists).

    Sets the host's `status`, `why` and `last_try`.
    """
    hints = ctx.process.hints
    if hints is None:
        host.status = HostStatus.USABLE
        return True, False, False
    now = ctx.process.ports.clock.time()
    record = _current(ctx, key, now)
    # A message that was never tried has no record of its own.
    message_record = None if ctx.message.first_delivery else _current(ctx, f"{key}:{ctx.message.id}", now)
    host.status = HostStatus.USABLE
    host.why = ""
    usable = True
    if record is not None:
        host.last_try = record.last_try
        due = force or record.next_try <= now
        if not due:
            host.status = HostStatus.UNUSABLE_EXPIRED if record.expired else HostStatus.UNUSABLE
            host.why = "retry time not reached"
            usable = False
        elif record.expired:
            host.status = HostStatus.UNUSABLE_EXPIRED
    if usable and message_record is not None and not force and message_record.next_try > now:
        host.status = HostStatus.UNUSABLE
        host.why = "retry time not reached"
        usable = False
    return usable, record is not None, message_record is not None


def _current(ctx: Context, key: str, now: float) -> RetryRecord | None:
    """The record of `key`, unless it is older than retry_data_expire."""
    entry = ctx.process.hints.retry.entry(key)
    if entry is None or now - entry[1] > ctx.process.main.retry_data_expire:
        return None
    record: RetryRecord = entry[0]
    return record


def learn(ctx: Context, addresses: list[Address], host: Host, key: str, failure: Failure) -> None:
    """Note what a failure teaches, on every address it concerns."""
    if not failure.teaches:
        return
    more = failure.more_errno | (_FROM_MX if host.from_mx else _FROM_A)
    text = os.strerror(failure.errno) if failure.errno > 0 else told(host, failure.text())
    if failure.fault is Fault.HOST:
        change = RetryChange(key, False, host.name, failure.errno, more, text, is_host=True)
    elif failure.fault is Fault.MESSAGE and not failure.permanent:
        change = RetryChange(
            f"{key}:{ctx.message.id}", False, host.name, failure.errno, more, text, is_host=True, is_message=True
        )
    elif failure.fault is Fault.ADDRESS and failure.index >= 0:
        address = addresses[failure.index]
        address.retries.append(RetryChange(address_key(address), False, "", failure.errno, more, text))
        return
    else:
        return
    for address in addresses:
        address.retries.append(change)


def told(host: Host, text: str) -> str:
    """What a server said, as records have it: never with the port."""
    return f"H={host.name} [{host.address}]: {text}"


def address_key(address: Address) -> str:
    """`R:address`."""
    return f"R:{retried_name(address)}"


def address_change(
    address: Address, sender: str, options: Any, host: Host, outcome: Outcome, *, alone: bool
) -> RetryChange:
    """A recipient was deferred: `R:address`, and `:<sender>` unless the recipient `alone` was at fault, when the
    server had the message (LMTP, PRDR)."""
    key = address_key(address)
    if options.address_retry_include_sender and not alone:
        key += f":<{sender}>"
    more = outcome.more_errno | (_FROM_MX if host.from_mx else _FROM_A)
    return RetryChange(key, False, "", outcome.errno, more, told(host, outcome.message))


def forget(addresses: list[Address], key: str, message_id: str, *, host: bool, message: bool) -> None:
    """A delivery worked: the records for the host are out of date."""
    changes = []
    if host:
        changes.append(RetryChange(key, delete=True))
    if message:
        changes.append(RetryChange(f"{key}:{message_id}", delete=True))
    for address in addresses:
        address.retries += changes
