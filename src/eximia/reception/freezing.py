"""A message that an ACL froze: the log, and `freeze_tell` (manual 14, 44.22 `control = freeze`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer, NotTaken
from eximia.message.address import qualify
from eximia.message.references import references_line

from .complaint import from_line

if TYPE_CHECKING:
    from eximia.context import Context


def note_frozen(ctx: Context) -> None:
    """Log it, and tell those who are to know. One of our own reports is told to nobody: the note could freeze too."""
    message = ctx.message
    process = ctx.process
    process.log.main("frozen by ACL", message.id)
    tell = process.main.freeze_tell
    if not tell or message.freeze_no_tell or message.local_error_message or ctx.session.host_checking:
        return
    domain = process.main.qualify_recipient or process.main.qualify_domain or process.primary_hostname
    names = [one.strip() for one in tell.split(",") if one.strip()]
    text = (
        f"Auto-Submitted: auto-replied\nFrom: {from_line(process)}\nTo: {tell}\n{references_line(message.headers)}"
        f"Subject: Message frozen on arrival\n\nMessage {message.id} was frozen on arrival by ACL.\n"
        f"The sender is <{message.sender_address}>.\n"
    )
    try:
        process.services.submit(
            process,
            text.encode("latin-1", "replace"),
            [qualify(name, domain) for name in names],
            reference=message.id,
        )
    except NotTaken:
        return
    except Defer as error:
        process.log.main(f"failed to submit freeze_tell message: {error.message}", message.id)
