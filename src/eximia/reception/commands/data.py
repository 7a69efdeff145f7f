"""DATA (RFC 5321 section 4.1.1.4; manual 44.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.acl.reply import fold
from eximia.protocols.smtp.server import Command
from eximia.reception.answers import accepted

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def data(session: SmtpSession, _command: Command) -> None:
    from eximia.reception.intake import take_message

    if not recipients_ready(session, "DATA"):
        return
    ctx = session.ctx
    text = 'Enter message, ending with "." on a line by itself'
    session.check_sync()
    code = "354"
    if session.policy.has_acl(ctx, "acl_smtp_predata"):
        result = session.judge("acl_smtp_predata")
        if not result.accepted:
            session.refuse("acl_smtp_predata", result)
            return
        answer = accepted(ctx, result, code, text)
        code, text = answer
    if session.milters is not None:
        from eximia.reception.milters import data as ask

        refused = ask(session)
        if refused is not None:
            session.refuse("acl_smtp_predata", refused)
            return
    session.reply(code, text)
    session.server.begin_data(session.from_line())
    take_message(session)


def recipients_ready(session: SmtpSession, command: str) -> bool:
    """Whether there is somebody to take the message for; otherwise the command has been answered."""
    tx = session.tx
    message = session.ctx.message
    if tx.open and tx.too_many and session.main.recipients_max_reject:
        session.reply("554", "Too many recipients")
        session.reset()
        return False
    if tx.open and (message.recipients or tx.discarded_by):
        return True
    before = ""
    if tx.rcpt_error is not None and tx.rcpt_errors_alike and session.ctx.session.multiline_responses:
        reason = "\n".join(fold(tx.rcpt_error))
        before = f"All RCPT commands were rejected with this error:\n{reason}\n"
    if session.ctx.session.pipelining_advertised and tx.rcpt_count and (tx.open or session.mail_rejected):
        session.reply("503", f"{before}Valid RCPT command must precede {command}")
    else:
        text = f"valid RCPT command must precede {command}"
        session.protocol_error_after(before, "503", text)
    return False
