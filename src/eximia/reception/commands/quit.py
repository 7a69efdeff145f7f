"""QUIT and acl_smtp_quit (manual 44.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.protocols.smtp.server import Command
from eximia.reception.ending import SessionOver

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def quit_(session: SmtpSession, _command: Command) -> None:
    text = ""
    session.log_incomplete("QUIT")
    if session.policy.has_acl(session.ctx, "acl_smtp_quit"):
        from eximia.acl.result import Outcome

        result = session.policy.acl(session.ctx, "acl_smtp_quit")
        text = result.user_message
        if result.outcome is Outcome.ERROR:
            session.process.log.panic(f"ACL for QUIT returned ERROR: {result.log_message}")
    raise SessionOver("", quit_text=text)
