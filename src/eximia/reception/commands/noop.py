"""NOOP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.protocols.smtp.server import Command

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def noop(session: SmtpSession, _command: Command) -> None:
    session.check_sync()
    session.reply("250", "OK")
