"""Telling a local caller that his message cannot be taken: on standard error or by mail (manual 5.3, -oe)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import Defer, NotTaken
from eximia.message.references import references_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eximia.context import Process
    from eximia.message.header import Header

    from .troubles import Details, Trouble


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
    details: Sequence[Details] = (),
    limit: int = 0,
) -> bool:
    """Send the sender a report. True when it was sent."""
    text = trouble.told(details, limit)
    head = [f"Reply-To: {process.main.errors_reply_to}"] if process.main.errors_reply_to else []
    head += [
        "Auto-Submitted: auto-replied",
        f"From: {from_line(process)}",
        f"To: {to}",
    ]
    references = references_line(copy.headers).rstrip()
    if references:
        head.append(references)
    elif copy.message_id:
        head.append(f"References: <E{copy.message_id}@{process.primary_hostname}>")
    head.append(f"Subject: Mail failure - {trouble.subject}")
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
        out += [header.text for header in copy.headers if trouble.complete or header.type != "P"]
    return out


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
