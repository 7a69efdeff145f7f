"""RSET (RFC 5321 section 4.1.1.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.protocols.smtp.server import Command

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def rset(session: SmtpSession, _command: Command) -> None:
    session.log_incomplete("RSET")
    session.reset()
    session.reply("250", "Reset OK")
