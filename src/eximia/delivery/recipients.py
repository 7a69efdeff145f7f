"""The addresses an attempt begins with: the recipients that are not done, or what the system filter makes of them
(manual 3.13, 47)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import lower
from eximia.context import Address
from eximia.message.address import split_address
from eximia.routers.engine import split, split_for

from .outcomes import note_failed, put_off
from .results import failure

if TYPE_CHECKING:
    from .attempt import Attempt


def make_addresses(attempt: Attempt) -> bool:
    """Fill `attempt.new`. False: the system filter cannot be used, and the message must wait."""
    message = attempt.message
    main = attempt.process.main
    settings = attempt.settings
    looping = message.received_count > main.received_headers_max
    verdict = "ok"
    text = ""
    if main.system_filter is not None and not looping and not settings.give_up:
        from .system_filter import run_system_filter

        result = run_system_filter(attempt)
        if result is None:
            return False
        verdict, text = result.verdict, result.message
        if verdict == "delivered":
            # The filter's own deliveries take the place of the recipients.
            return True
    done = message.nonrecipients
    for index, recipient in enumerate(message.recipients):
        if done and _unique(recipient.address) in done:
            continue
        address = _address_of(attempt, index)
        if settings.give_up:
            address.outcome = failure(settings.give_up, silent=True)
            if settings.drop:
                attempt.progress.done(address)
            else:
                attempt.failed.append(address)
        elif looping:
            address.outcome = failure('Too many "Received" headers - suspected mail loop')
            note_failed(attempt, address)
        elif verdict == "fail":
            if message.sender_address:
                address.outcome = failure(text or "delivery cancelled")
                attempt.failed.append(address)
            else:
                attempt.progress.done(address)
        elif verdict in ("defer", "freeze"):
            put_off(attempt, address)
        else:
            attempt.new.append(address)
    return True


def _unique(text: str) -> str:
    local_part, domain = split_address(text)
    return f"{local_part}@{lower(domain)}"


def _address_of(attempt: Attempt, index: int) -> Address:
    recipients = attempt.message.recipients
    recipient = recipients[index]
    address = Address(recipient.address)
    split_for(attempt.ctx, address)
    if recipient.errors_to:
        address.errors_address = recipient.errors_to
    address.dsn_flags = recipient.dsn_flags
    address.dsn_orcpt = recipient.orcpt
    address.dsn_submitted = recipient.submitted
    address.bmi_optin = recipient.bmi_optin
    if recipient.parent >= 0:
        # A child of a one_time redirection: log lines and bounces name the recipient it came from.
        address.parent = Address(recipients[recipient.parent].address)
        split(address.parent)
        address.parent.child_count = address.parent.children_pending = 1 << 30
        address.unique = _unique(recipient.address)
    address.onetime_parent = recipient.parent
    return address
