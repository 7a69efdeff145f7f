"""Telling the postmaster that a message was frozen (manual 14 `freeze_tell`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer, NotTaken
from eximia.base.text import to_bytes
from eximia.message.address import qualify

from .report_parts import from_line, references

if TYPE_CHECKING:
    from .attempt import Attempt


def tell_frozen(attempt: Attempt, recipients: str) -> None:
    """Send a note about the frozen message to the comma-separated `recipients`."""
    message = attempt.message
    addresses = [_qualified(attempt, one.strip()) for one in recipients.split(",") if one.strip()]
    # The words of a system filter stand on a line of their own.
    reason = attempt.freeze_reason.replace(": ", ".\n", 1)
    text = (
        f"Auto-Submitted: auto-replied\nFrom: {from_line(attempt)}\nTo: {recipients}\n{references(attempt)}"
        f"Subject: Message frozen\n\nMessage {message.id} has been frozen{reason}.\n"
        f"The sender is <{message.sender_address}>.\n\n"
    )
    if attempt.deferred:
        text += "The following address(es) have yet to be delivered:\n"
        for address in reversed(attempt.deferred):
            assert address.outcome is not None
            why = address.outcome.message
            text += f"  {address.address}: {why}\n" if why else f"  {address.address}\n"
    try:
        attempt.process.services.submit(attempt.process, to_bytes(text), addresses, reference=message.id)
    except NotTaken:
        return
    except Defer as error:
        attempt.log.main(f"failed to submit freeze_tell message: {error.message}", message.id)


def _qualified(attempt: Attempt, address: str) -> str:
    main = attempt.process.main
    return qualify(address, main.qualify_recipient or main.qualify_domain or attempt.process.primary_hostname)
