"""Warnings that a message is late (manual 14 `delay_warning`, 50.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer, ExpansionError, ForcedFailure, NotTaken
from eximia.base.text import to_bytes
from eximia.context import Address, Errno
from eximia.expand import expand
from eximia.message.dsn import NOTIFY_DELAY

from .report_parts import (
    boundary,
    error_text,
    from_line,
    person_text,
    references,
    report_headers,
    requests,
    returned_message,
    status_fields,
    status_part,
    template_items,
)

if TYPE_CHECKING:
    from .attempt import Attempt


def send_warning(attempt: Attempt) -> bool:
    """Warn when it is time; true when the count of warnings changed."""
    message = attempt.message
    main = attempt.process.main
    if message.local_error_message or not message.sender_address or not main.delay_warning:
        return False
    queued = attempt.process.ports.clock.time() - message.received_time
    count = warnings_due(main.delay_warning, queued)
    if count <= message.warning_count:
        return False
    if not any(address.outcome and address.outcome.errno > Errno.RETRY_LOCAL for address in attempt.deferred):
        # Nothing was tried in this run.
        return False
    by_recipient: dict[str, list[Address]] = {}
    for address in reversed(attempt.deferred):
        path = address.errors_address
        recipient = message.sender_address if path is None else path
        flags = requests(address)
        if recipient and (not flags or flags & NOTIFY_DELAY):
            by_recipient.setdefault(recipient, []).append(address)
    if not by_recipient or not _wanted(attempt):
        return False
    late = _reached(main.delay_warning, count)
    for recipient, addresses in by_recipient.items():
        try:
            _send(attempt, recipient, addresses, late)
        except NotTaken:
            return False
        except Defer as error:
            attempt.log.main(f"failed to submit warning message: {error.message}", message.id)
            return False
    message.warning_count = count
    return True


def warnings_due(times: tuple[int, ...], queued: float) -> int:
    """How many warnings a message should have had after `queued` seconds; the last interval repeats."""
    if not times or not times[-1]:
        return 0
    count = 0
    for moment in times:
        if queued < moment:
            return count
        count += 1
    interval = times[-1] - times[-2] if len(times) > 1 else times[-1]
    if interval > 0:
        count += int((queued - times[-1]) // interval)
    return count


def _reached(times: tuple[int, ...], count: int) -> int:
    """The age that the `count`th warning speaks of."""
    if count <= len(times):
        return times[count - 1]
    interval = times[-1] - times[-2] if len(times) > 1 else times[-1]
    return times[-1] + interval * (count - len(times))


def _wanted(attempt: Attempt) -> bool:
    """`delay_warning_condition`; $domain is set when all addresses have the same."""
    variables = attempt.ctx.address
    kept = variables.domain
    domains = {address.domain for address in attempt.deferred}
    variables.domain = domains.pop() if len(domains) == 1 else ""
    try:
        text = expand(attempt.process.main.delay_warning_condition, attempt.ctx).strip().lower()
    except ForcedFailure:
        return False
    except ExpansionError as error:
        attempt.log.panic(f"failed to expand delay_warning_condition: {error.message}", attempt.message.id)
        return False
    finally:
        variables.domain = kept
    return text not in ("", "0", "no", "false")


def _show(seconds: int) -> str:
    """`<n> minutes` or `<n> hours`."""
    minutes = seconds // 60
    if minutes < 120 or minutes % 60:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours"


def _send(attempt: Attempt, recipient: str, addresses: list[Address], late: int) -> None:
    variables = attempt.ctx.address
    variables.warn_message_delay = _show(late)
    variables.warn_message_recipients = recipient
    try:
        text = warning_text(attempt, recipient, addresses, _show(late))
    finally:
        variables.warn_message_delay = variables.warn_message_recipients = ""
    attempt.process.services.submit(attempt.process, to_bytes(text), [recipient], reference=attempt.message.id)


def warning_text(attempt: Attempt, recipient: str, addresses: list[Address], late: str) -> str:
    """The whole warning, header lines first."""
    main = attempt.process.main
    message = attempt.message
    items = template_items(attempt, "warn_message_file", ("header", "intro", "final")) or ["", "", _CLOSING]
    mark = boundary(attempt)
    text = f"Reply-To: {main.errors_reply_to}\n" if main.errors_reply_to else ""
    text += f"Auto-Submitted: auto-replied\nFrom: {from_line(attempt)}\nTo: {recipient}\n"
    text += references(attempt) + report_headers(attempt, mark)
    text += items[0] or f"Subject: Warning: message {message.id} delayed {late}\n"
    text += f"\n--{mark}\nContent-type: text/plain; charset=us-ascii\n\n"
    text += items[1] or _introduction(attempt, recipient, late, one=len(addresses) == 1)
    text += "\n"
    for address in addresses:
        lines = [f"  {line}" for line in person_text(address)]
        reasons = error_text(address)
        smtp = address.outcome.smtp if address.outcome is not None else None
        first = 1 if smtp is not None and smtp.host is not None else 0
        if len(reasons) > first:
            reasons[first] = f"Delay reason: {reasons[first]}"
        text += "\n".join(lines + [f"    {line}" for line in reasons]) + "\n"
    text += "\n" + items[2]
    text += status_part(attempt, mark)
    for address in addresses:
        text += "\n" + status_fields(attempt, address, "delayed", "4.0.0")
    kind, returned = returned_message(attempt, headers_only=True)
    return f"{text}\n--{mark}\nContent-type: {kind}\n\n{returned}\n--{mark}--\n"


_CLOSING = (
    "No action is required on your part. Delivery attempts will continue for\n"
    "some time, and this warning may be repeated at intervals if the message\n"
    "remains undelivered. Eventually the mail delivery software will give up,\n"
    "and when that happens, the message will be returned to you.\n"
)


#: one address, several
_LIST = {
    True: "The address to which the message has not yet been delivered is:\n",
    False: "The addresses to which the message has not yet been delivered are:\n",
}


def _introduction(attempt: Attempt, recipient: str, late: str, *, one: bool) -> str:
    message = attempt.message
    text = "This message was created automatically by mail delivery software.\n"
    if recipient == message.sender_address:
        text += "A message that you sent "
    else:
        text += f"A message sent by\n\n  <{message.sender_address}>\n\n"
    text += (
        "has not yet been delivered to one or more of its\n"
        f"recipients after more than {late} on the queue on {attempt.process.primary_hostname}.\n\n"
        f"The message identifier is:     {message.id}\n"
    )
    for name, label in (("subject", "subject"), ("date", "date")):
        value = next((h.body for h in message.headers if h.name == name and not h.deleted), None)
        if value is not None:
            text += f"The {label} of the message is:".ljust(31) + value.strip() + "\n"
    return f"{text}\n{_LIST[one]}"
