"""Success reports (RFC 3461, features row 15): for recipients whose sender asked for them, when the next hop will not
send one itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer, NotTaken
from eximia.base.text import to_bytes
from eximia.context import Address
from eximia.message.dsn import NOTIFY_SUCCESS
from eximia.transports.engine import is_local

from .report_parts import boundary, from_line, report_headers, returned_message, status_part

if TYPE_CHECKING:
    from .attempt import Attempt

_TITLE = " ----- The following addresses had successful delivery notifications -----\n"


def note_redirected(attempt: Attempt, address: Address) -> None:
    """A redirection: the report says so, and the children carry no request on."""
    if address.dsn_flags & NOTIFY_SUCCESS:
        attempt.message.notes.setdefault("dsn_redirected", []).append(address)


def send_success_reports(attempt: Attempt) -> None:
    """One report to the sender for all recipients that are due one in this attempt."""
    sender = attempt.message.sender_address
    due: list[Address] = [*attempt.message.notes.pop("dsn_redirected", [])]
    for address in attempt.succeeded:
        smtp = address.outcome.smtp if address.outcome is not None else None
        passed_on = smtp is not None and smtp.dsn_aware and not address.dsn_lasthop
        if address.dsn_flags & NOTIFY_SUCCESS and not passed_on:
            due.append(address)
    if not due or not sender:
        return
    try:
        attempt.process.services.submit(
            attempt.process, to_bytes(_report(attempt, sender, due)), [sender], reference=attempt.message.id
        )
    except NotTaken:
        return
    except Defer as error:
        attempt.log.main(f"failed to submit success report: {error.message}", attempt.message.id)


def _report(attempt: Attempt, sender: str, addresses: list[Address]) -> str:
    mark = boundary(attempt)
    text = (
        f"From: {from_line(attempt)}\nAuto-Submitted: auto-generated\nTo: {sender}\n"
        f"Subject: Delivery Status Notification\n{report_headers(attempt, mark)}"
        f"\n--{mark}\nContent-type: text/plain; charset=us-ascii\n\n"
        f"This message was created automatically by mail delivery software.\n{_TITLE}"
    )
    for address in addresses:
        text += f"<{_submitted(address)}> ({_how(address)})\n"
    text += status_part(attempt, mark)
    for address in addresses:
        text += "\n" + _fields(address)
    kind, returned = returned_message(attempt, headers_only=True)
    return f"{text}\n--{mark}\nContent-type: {kind}\n\n{returned}\n--{mark}--\n"


def _submitted(address: Address) -> str:
    """The recipient as the client gave it: what it was rewritten or redirected to is not told."""
    top = address.top
    return top.dsn_submitted or top.address


def _is_remote(address: Address) -> bool:
    return address.transport is not None and not is_local(address.transport)


def _how(address: Address) -> str:
    if not _is_remote(address):
        return 'relayed via non "Remote SMTP" router'
    if address.dsn_lasthop and address.outcome is not None and address.outcome.smtp is not None:
        if address.outcome.smtp.dsn_aware:
            return "relayed via non DSN router"
    return "relayed to non-DSN-aware mailer"


def _fields(address: Address) -> str:
    orcpt = address.dsn_orcpt or address.top.dsn_orcpt
    text = f"Original-Recipient: {orcpt}\n" if orcpt else ""
    text += f"Action: delivered\nFinal-Recipient: rfc822;{_submitted(address)}\nStatus: 2.0.0\n"
    smtp = address.outcome.smtp if address.outcome is not None else None
    if _is_remote(address) and smtp is not None and smtp.host is not None:
        return f"{text}Remote-MTA: dns; {smtp.host.name}\nDiagnostic-Code: smtp; 250 Ok\n"
    return f"{text}Diagnostic-Code: X-Exim; relayed via non SMTP router\n"
