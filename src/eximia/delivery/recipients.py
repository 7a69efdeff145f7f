"""The addresses an attempt begins with: the recipients that are not done, or what the system filter makes of them
(manual 3.13, 47)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.context import Address, FilterResult, Kind
from eximia.message.address import split_address
from eximia.routers.engine import split, split_for

from .outcomes import note_deferred, note_failed
from .results import deferral, failure

if TYPE_CHECKING:
    from .attempt import Attempt


def make_addresses(attempt: Attempt) -> None:
    """Fill `attempt.new`."""
    message = attempt.message
    main = attempt.process.main
    looping = message.received_count > main.received_headers_max
    result = _system_filter(attempt) if main.system_filter is not None and not looping else None
    done = message.nonrecipients
    for index, recipient in enumerate(message.recipients):
        if done and _unique(recipient.address) in done:
            continue
        address = _address_of(attempt, index)
        if attempt.settings.give_up:
            address.outcome = failure(attempt.settings.give_up, silent=True)
            if attempt.settings.drop:
                attempt.progress.done(address)
            else:
                attempt.failed.append(address)
        elif looping:
            address.outcome = failure('Too many "Received" headers - suspected mail loop')
            note_failed(attempt, address)
        elif result is not None and result.verdict not in ("ok", "delivered"):
            _filtered_away(attempt, address, result)
        elif result is not None and result.verdict == "delivered":
            # The filter's own deliveries take the place of the recipients.
            attempt.progress.done(address)
        else:
            attempt.new.append(address)
    if result is not None and result.deliveries:
        _filter_deliveries(attempt, result)


def _unique(text: str) -> str:
    local_part, domain = split_address(text)
    return f"{local_part}@{domain.lower()}"


def _address_of(attempt: Attempt, index: int) -> Address:
    recipients = attempt.message.recipients
    recipient = recipients[index]
    address = Address(recipient.address)
    split_for(attempt.ctx, address)
    if recipient.errors_to:
        address.errors_address = recipient.errors_to
    address.dsn_flags = recipient.dsn_flags
    address.dsn_orcpt = recipient.orcpt
    address.bmi_optin = recipient.bmi_optin
    if recipient.parent >= 0:
        # A child of a one_time redirection: log lines and bounces name the recipient it came from.
        address.parent = Address(recipients[recipient.parent].address)
        split(address.parent)
        address.parent.child_count = address.parent.children_pending = 1 << 30
        address.unique = _unique(recipient.address)
    address.onetime_parent = recipient.parent
    return address


def _system_filter(attempt: Attempt) -> FilterResult | None:
    """Run the system filter; it has made its header changes itself, so that its later commands saw them."""
    ctx = attempt.ctx
    result: FilterResult = attempt.process.services.filters.run_system(ctx)
    message = attempt.message
    if result.headers_add or result.headers_remove:
        attempt.progress.changed = True
    if result.verdict == "freeze" and message.manually_thawed:
        result.verdict = "ok"
    if result.verdict == "error":
        attempt.log.panic(f"Error in system filter: {result.message}", message.id)
    return result


def _filtered_away(attempt: Attempt, address: Address, result: FilterResult) -> None:
    """The system filter said defer, freeze or fail, or cannot be used."""
    text = result.log_message or result.message
    if result.verdict == "fail":
        address.outcome = failure(text or "system filter forced failure")
        if result.message and result.log_message:
            address.outcome.user_message = result.message
        note_failed(attempt, address)
        return
    if result.verdict == "freeze":
        address.outcome = deferral(text or "frozen by system filter", freeze=True)
    elif result.verdict == "defer":
        address.outcome = deferral(text or "deferred by system filter")
    else:
        address.outcome = deferral(f"Error in system filter: {result.message}")
    note_deferred(attempt, address)


_TRANSPORTS = {
    Kind.PIPE: "system_filter_pipe_transport",
    Kind.FILE: "system_filter_file_transport",
    Kind.DIRECTORY: "system_filter_directory_transport",
    Kind.REPLY: "system_filter_reply_transport",
}


def _filter_deliveries(attempt: Attempt, result: FilterResult) -> None:
    """What the filter wants delivered, as children of an address that stands for it."""
    from eximia.expand import expand

    parent = Address("system-filter")
    parent.unique = "system-filter"
    parent.child_count = parent.children_pending = 1 << 30
    config, main = attempt.process.config, attempt.process.main
    for delivery in result.deliveries:
        address = Address(delivery.text, parent=parent, kind=delivery.kind)
        if delivery.errors_to is not None:
            address.errors_address = delivery.errors_to
        address.ignore_error = delivery.ignore_error
        address.reply = delivery.reply
        address.from_filter = True
        address.file_mode = delivery.mode
        if delivery.kind is Kind.ADDRESS:
            split(address)
        else:
            address.unique = f"{delivery.text}:system-filter"
            if main.system_filter_user is not None:
                address.uid, address.gid = main.system_filter_user, main.system_filter_group
            option = _TRANSPORTS[delivery.kind]
            template = getattr(main, option)
            name = expand(template, attempt.ctx) if template is not None else ""
            address.transport = config.transports.get(name)
            if address.transport is None:
                address.setup_error = f"{option} is unset" if not name else f"failed to find {option} {name}"
        attempt.new.append(address)
