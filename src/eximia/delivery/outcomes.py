"""Recording what became of an address: log lines, message log, events, and the lists of the attempt (manual 53.7 to
53.11, 61)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.span import NOWHERE
from eximia.context import Address
from eximia.logs.lines.delivery import deferred, delivered, discarded, failed, routing_deferred
from eximia.transports.engine import is_local

from .events import address_event
from .results import deferral

if TYPE_CHECKING:
    from .attempt import Attempt


#: this number and those below it mean that nothing was tried because a time is not reached
_NOT_TRIED = -51


def return_path_of(attempt: Attempt, address: Address) -> str:
    """The envelope sender of this copy: the errors address of the routers, or the sender."""
    path = address.errors_address
    if address.srs_sender and path is None and address.transport is not None and not is_local(address.transport):
        return address.srs_sender
    return attempt.message.sender_address if path is None else path


def _step(attempt: Attempt, address: Address, outcome: str) -> None:
    """Tell the trace what became of an address."""
    trace = attempt.process.trace
    assert trace is not None
    decider = address.transport or address.router
    span = decider.span if decider is not None else NOWHERE
    trace.step("delivery", span, address.address, outcome, address.outcome.message if address.outcome else "")


def note_delivered(
    attempt: Attempt, address: Address, *, bypassed: bool = False, first: bool = True, return_path: str | None = None
) -> None:
    """`=>`, or `->` for the second and later addresses of one copy."""
    message = attempt.message
    process = attempt.process
    transport = address.transport
    attempt.succeeded.append(address)
    if process.trace is not None:
        _step(attempt, address, "delivered")
    if not _silent(address):
        flag = "*>" if attempt.settings.pretend else "=>" if first else "->"
        if bypassed:
            top = address.top
            line = f"{flag} {address.address} <{top.address}> R={address.router.name} T=**bypassed**"
        else:
            line = delivered(
                address,
                attempt.log.selectors,
                sender=message.sender_address,
                return_path=return_path if return_path is not None else return_path_of(attempt, address),
                srs_sender=address.srs_sender,
                flag=flag,
                queue_time=time_in_queue(attempt) if attempt.log.selectors.queue_time else 0.0,
                queue_name=message.queue_name,
            )
        attempt.log.main(line, message.id)
    if transport is not None and not bypassed:
        parent = f" <{address.parent.address}>" if address.parent is not None else ""
        attempt.progress.note(f"{address.address}{parent}: {transport.name} transport succeeded")
        action = transport.options.event_action
        if action is not None:
            smtp = address.outcome.smtp if address.outcome is not None else None
            address_event(attempt, address, "msg:delivery", smtp.confirmation if smtp is not None else "", action)
    attempt.progress.done(address)


def time_in_queue(attempt: Attempt) -> float:
    """Seconds for QT=: since the message was received, or since its reception began (`-queue_time_exclusive`)."""
    message = attempt.message
    began = message.received_time
    if attempt.log.selectors.queue_time_exclusive:
        began += message.received_took
    return max(0.0, attempt.process.ports.clock.time() - began)


def note_failed(attempt: Attempt, address: Address, *, routing: bool = False, return_path: str | None = None) -> None:
    """`**`: the address is to be bounced. `return_path`: that of the copy, when a transport was tried."""
    message = attempt.message
    outcome = address.outcome
    assert outcome is not None
    attempt.failed.append(address)
    if attempt.process.trace is not None:
        _step(attempt, address, "failed")
    remote = address.transport is not None and not is_local(address.transport)
    told = outcome.smtp is not None or outcome.pass_message or remote
    _failure_event(attempt, address, outcome.message if told else "", routing=routing)
    if not _silent(address):
        if return_path is None and address.transport is not None and not (routing or address.forbidden):
            return_path = return_path_of(attempt, address)
        line = failed(
            address,
            attempt.log.selectors,
            sender=message.sender_address,
            return_path=return_path,
            queue_name=message.queue_name,
        )
        attempt.log.main(line, message.id)
        if outcome.panic:
            attempt.log.panic(line, message.id, main=False)
        if address.router is None and address.transport is None:
            sender = f" F=<{message.sender_address}>" if attempt.log.selectors.sender_on_delivery else ""
            attempt.progress.note(f"routing failed for {_named(address)}{sender}: {outcome.message}")
        else:
            attempt.progress.note(line[3:])


def _failure_event(attempt: Attempt, address: Address, text: str, *, routing: bool) -> None:
    """`msg:fail:delivery` of the transport, or `msg:fail:internal` when there was none. In the first documentation of
    events both belong to the main section: it is told of `msg:fail:delivery` too when the option has its old name."""
    transport = address.transport
    main = attempt.process.main.event_action
    if transport is not None and not routing:
        if transport.options.event_action is not None:
            address_event(attempt, address, "msg:fail:delivery", text, transport.options.event_action)
        if main is not None and "delivery_event_action" in _old_names(attempt):
            address_event(attempt, address, "msg:fail:delivery", text, main)
    elif main is not None:
        address_event(attempt, address, "msg:fail:internal", text, main)


def _old_names(attempt: Attempt) -> set[str]:
    """Main options that were set by their old names."""
    given = getattr(attempt.process.config, "given", None)
    return set() if given is None else {old for old, _, _ in given.old_names}


def note_deferred(attempt: Attempt, address: Address, *, quiet: bool = False) -> None:
    """`==`: the address is to be tried again."""
    outcome = address.outcome
    assert outcome is not None
    message = attempt.message
    attempt.deferred.append(address)
    if attempt.process.trace is not None:
        _step(attempt, address, "deferred")
    if outcome.freeze:
        attempt.wanted_freeze = True
    waiting = outcome.errno <= _NOT_TRIED
    if not _silent(address) and not quiet and (not waiting or attempt.log.selectors.retry_defer):
        line = deferred(address, attempt.log.selectors, queue_name=message.queue_name)
        if outcome.panic:
            attempt.log.panic(line, message.id)
        else:
            attempt.log.main(line, message.id)
        if not waiting or message.first_delivery:
            attempt.progress.note(line[3:])


def put_off(attempt: Attempt, address: Address) -> None:
    """The address waits, and nothing is said or learnt: this attempt is not for it."""
    address.outcome = deferral("")
    attempt.deferred.append(address)


def note_not_yet(
    attempt: Attempt, address: Address, number: int, reason: str, *, panic: bool = False, before: str = ""
) -> None:
    """`== address routing defer`: nothing was tried now; not in the message log after the first attempt. `before` is
    what warnings tell: the error of the time before."""
    address.outcome = deferral(reason, number, user_message=before)
    attempt.deferred.append(address)
    if attempt.log.selectors.retry_defer and not _silent(address):
        line = routing_deferred(address, attempt.log.selectors, number=int(number), reason=reason)
        (attempt.log.panic if panic else attempt.log.main)(line, attempt.message.id)
        if attempt.message.first_delivery:
            attempt.progress.note(line[3:])


def note_discarded(attempt: Attempt, address: Address) -> None:
    """`:blackhole:`, or a filter that wanted nothing done."""
    if not _silent(address):
        what = address.outcome.message if address.outcome is not None else ":blackhole:"
        attempt.log.main(discarded(address, attempt.log.selectors, what), attempt.message.id)
    attempt.succeeded.append(address)
    attempt.progress.done(address)


def _silent(address: Address) -> bool:
    """`disable_logging`: a router's is for what comes of routing, a delivery asks the transport's."""
    transport = address.transport
    return address.disable_logging if transport is None else bool(transport.options.disable_logging)


def _named(address: Address) -> str:
    top = address.top
    return address.address if top is address else f"{address.address} <{top.address}>"
