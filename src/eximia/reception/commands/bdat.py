"""BDAT (RFC 3030): a message in chunks of known size."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eximia.base.pattern import pattern
from eximia.protocols.smtp.server import Command, DataEnd

from .data import recipients_ready

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession

_ARGUMENT = pattern(r"([0-9]{1,18})[^ ]*(?: +(LAST))?", re.IGNORECASE)


def bdat(session: SmtpSession, command: Command) -> None:
    from eximia.reception.intake import take_chunk

    facts = session.ctx.session
    if "CHUNKING" not in session.offered:
        session.protocol_error("503", "BDAT command used when CHUNKING not advertised")
        return
    found = _ARGUMENT.match(command.argument)
    if found is None:
        session.protocol_error("501", "missing size for BDAT command")
        return
    size = int(found.group(1))
    last = found.group(2) is not None
    facts.chunking_state = "last" if last else "used"
    if not session.tx.chunking and not recipients_ready(session, "BDAT"):
        facts.chunking_state = "offered"
        swallow(session, size)
        return
    session.ctx.message.by_chunks = True
    take_chunk(session, size, last=last)


def swallow(session: SmtpSession, size: int) -> None:
    """Read a chunk that nobody wants."""
    server = session.server
    server.begin_chunk(size, last=True)
    while True:
        event = server.next_event()
        if isinstance(event, DataEnd):
            return
        if event is None:
            session.receive("data")
