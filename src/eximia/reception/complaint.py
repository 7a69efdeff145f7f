"""Telling a local caller that his message cannot be taken: on standard error or by mail (manual 5.3, -oe).

The texts are Exim's.
"""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import Defer, NotTaken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eximia.context import Process
    from eximia.message.header import Header


class Trouble(Enum):
    """What is wrong: the subject of the report, and the status of -oee when the report cannot be sent."""

    BAD_ADDRESS = "malformed recipient address"
    IGNORED_ADDRESS = " malformed recipient address"
    ONLY_BAD_ADDRESSES = "  malformed recipient address"
    NO_RECIPIENTS = "no recipient addresses"
    ALL_OVERRIDDEN = " no recipient addresses"
    TOO_MANY = "too many recipients"
    TOO_BIG = "message too big"
    LONG_HEADER = "overlong header section"
    LONG_LINE = "overlong header line"
    REFUSED = "rejected by local scanning code"
    IO = "error while reading message"


@dataclass(slots=True)
class Copy:
    """What came in of the message, to be sent back."""

    headers: Sequence[Header] = ()
    body: bytes = b""
    #: the message's id, once it has one
    message_id: str = ""
    #: the header had not been read when the trouble was found: an empty line stands before the copy
    early: bool = False
    header_text: str = ""
    notes: list[str] = field(default_factory=list)


def say(text: str) -> None:
    """One line to standard error."""
    sys.stderr.buffer.write(f"exim: {text}\n".encode("latin-1", "replace"))
    sys.stderr.flush()


def report(
    process: Process,
    trouble: Trouble,
    to: str,
    copy: Copy,
    *,
    details: Sequence[tuple[str, str]] = (),
    limit: int = 0,
) -> bool:
    """Send the sender a report. True when it was sent."""
    text = _text(trouble, details, limit)
    head = [f"Reply-To: {process.main.errors_reply_to}"] if process.main.errors_reply_to else []
    head += [
        "Auto-Submitted: auto-replied",
        f"From: {from_line(process)}",
        f"To: {to}",
    ]
    if copy.message_id:
        head.append(f"References: <E{copy.message_id}@{process.primary_hostname}>")
    head.append(f"Subject: Mail failure - {trouble.value.strip()}")
    out = ["\n".join(head), "\n\n", text]
    if process.main.bounce_return_message:
        out += _copy(trouble, copy)
    data = "".join(out).encode("latin-1", "replace")
    if process.main.bounce_return_message:
        if copy.body or not copy.header_text:
            data += b"\n" if copy.headers or copy.header_text else b""
        data += copy.body[: _room(process)]
    try:
        process.services.submit(process, data, [to], sender="", reference=copy.message_id)
    except NotTaken:
        process.log.main("Child mail process returned status 1", copy.message_id)
        return False
    except Defer as error:
        process.log.main(f"Failed to send error report: {error.message}", copy.message_id)
        return False
    return True


def _copy(trouble: Trouble, copy: Copy) -> list[str]:
    """The header of what came in, under its heading."""
    out = ["\n"]
    out.append("------ This is a copy of your message, including all the headers. ------\n\n")
    if copy.early:
        out.append("\n")
    if copy.header_text:
        out.append(copy.header_text)
    else:
        whole = trouble is Trouble.REFUSED  # the message was complete then, our Received: line included
        out += [header.text for header in copy.headers if whole or header.type != "P"]
    return out


def in_the_log(trouble: Trouble, details: Sequence[tuple[str, str]], limit: int) -> str:
    """What the log says when there is nobody to send a report to."""
    if trouble in (Trouble.BAD_ADDRESS, Trouble.ONLY_BAD_ADDRESSES):
        text, why = details[0]
        return f"at least one malformed recipient address: {text} - {why}"
    if trouble is Trouble.REFUSED and details:
        return f"rejected by non-SMTP ACL: {details[0][1]}"
    if trouble in (Trouble.LONG_HEADER, Trouble.LONG_LINE):
        what = "section" if trouble is Trouble.LONG_HEADER else "line"
        return f"excessively long message header {what} read (more than {limit} characters)"
    if trouble is Trouble.TOO_MANY:
        return f"{trouble.value} (max set to {limit})"
    what = trouble.value.strip()
    return f"{what} (limit set to {limit})" if limit else what


def _room(process: Process) -> int | None:
    limit = process.main.bounce_return_size_limit
    return limit if isinstance(limit, int) and limit > 0 else None


def from_line(process: Process) -> str:
    """The value of From: in our reports (`dsn_from`)."""
    from eximia.context import Context
    from eximia.expand import expand

    template = process.main.dsn_from
    domain = process.main.qualify_domain or process.primary_hostname
    if template is None:
        return f"Mail Delivery System <Mailer-Daemon@{domain}>"
    return expand(template, Context(process))


def _text(trouble: Trouble, details: Sequence[tuple[str, str]], limit: int) -> str:
    if trouble is Trouble.BAD_ADDRESS:
        lines = "".join(f"  {text}  {why}\n" for text, why in details)
        if any(text.endswith(".") for text, _ in details):
            lines += "\nRecipient addresses must not end with a '.' character.\n"
        return (
            "A message that you sent contained a recipient address that was incorrectly\nconstructed:\n\n"
            f"{lines}\nThe message has not been delivered to any recipients.\n"
        )
    if trouble in (Trouble.IGNORED_ADDRESS, Trouble.ONLY_BAD_ADDRESSES):
        lines = "".join(f"  {text}: {why}\n" for text, why in details)
        many = len(details) > 1
        this = "These addresses have been ignored." if many else "This address has been ignored."
        rest = (
            "There were no other addresses in your\nmessage, and so no attempt at delivery was possible.\n"
            if trouble is Trouble.ONLY_BAD_ADDRESSES
            else "The other addresses in the message were\n"
            "syntactically valid and have been passed on for an attempt at delivery.\n"
        )
        return (
            "A message that you sent contained one or more recipient addresses that were\nincorrectly constructed:\n\n"
            f"{lines}\n{this} {rest}"
        )
    if trouble is Trouble.NO_RECIPIENTS:
        return (
            "A message that you sent contained no recipient addresses, and therefore no\ndelivery could be attempted.\n"
        )
    if trouble is Trouble.ALL_OVERRIDDEN:
        return (
            "A message that you sent using the -t command line option contained no\n"
            "addresses that were not also on the command line, and were therefore\n"
            "suppressed. This left no recipient addresses, and so no delivery could\n"
            "be attempted.\n"
        )
    if trouble is Trouble.TOO_MANY:
        return (
            "A message that you sent contained more recipients than allowed on this\n"
            "system. It was not delivered to any recipients.\n"
        )
    if trouble is Trouble.TOO_BIG:
        return (
            "A message that you sent was longer than the maximum size allowed on this\n"
            f"system. It was not delivered to any recipients. (The limit is {limit} bytes.)\n"
        )
    if trouble in (Trouble.LONG_HEADER, Trouble.LONG_LINE):
        what = "header section" if trouble is Trouble.LONG_HEADER else "header line"
        return (
            f"A message that you sent contained a {what} that was excessively\n"
            "long and could not be handled by the mail transmission software. The\n"
            "message has not been delivered to any recipients.\n"
        )
    if trouble is Trouble.REFUSED:
        lines = "".join(f"  {why}\n" for _, why in details)
        return (
            "A message that you sent was rejected by the local scanning code that\n"
            f"checks incoming messages on this system. The following error was given:\n\n{lines}"
        )
    return "An error occurred while your message was being read.\n"
