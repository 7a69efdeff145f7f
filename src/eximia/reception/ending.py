"""How a session ends: what the client is told, the not-QUIT ACL, the log lines (manual 44.11, 53.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.acl.result import Outcome
from eximia.logs.lines import smtp as lines
from eximia.logs.lines.hosts import full_host, interface
from eximia.message.dates import elapsed

if TYPE_CHECKING:
    from .session import SmtpSession


class SessionOver(Exception):
    """The session ends. `reason` is the value of $smtp_notquit_reason; empty after QUIT.

    `reply`: the last reply. `dropped`: text for "SMTP call from ... dropped: ...". `lost`: the client went away,
    `where` we were reading ("command" or "data..."). `timeout`: "command" or "data". `drop`: an ACL said so and the
    reply is queued. `rejected`: the connection was never accepted. `message_id`: the message that was being received.
    `status`: the exit status of -bs. `unasked`: the not-QUIT ACL does not run.
    """

    def __init__(
        self,
        reason: str,
        *,
        reply: tuple[str, str] | None = None,
        dropped: str = "",
        lost: bool = False,
        where: str = "command",
        timeout: str = "",
        drop: bool = False,
        rejected: bool = False,
        no_mail_line: bool = True,
        quit_text: str = "",
        message_id: str = "",
        status: int = 0,
        unasked: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply = reply
        self.dropped = dropped
        self.lost = lost
        self.where = where
        self.timeout = timeout
        self.drop = drop
        self.rejected = rejected
        self.no_mail_line = no_mail_line
        self.quit_text = quit_text
        self.message_id = message_id
        self.status = status
        self.unasked = unasked


def finish(session: SmtpSession, over: SessionOver) -> None:
    """Say the last words and write the lines of the end."""
    if over.rejected:
        if over.reply is not None:
            session.reply(*over.reply)
        return
    log = session.process.log
    facts = session.ctx.session
    selectors = log.selectors
    host = session.shown_id
    nolog = facts.notes.get("connection_nolog", False)
    if over.lost:
        _lost(session, over)
    elif over.timeout:
        _timeout(session, over)
    elif not over.reason:
        session.reply("221", over.quit_text or f"{session.hostname()} closing connection")
        session.flush(last=True)
        if selectors.smtp_connection and not nolog:
            log.main(lines.closed(facts, selectors), host)
    elif over.drop:
        if selectors.smtp_connection and not nolog:
            log.main(lines.closed(facts, selectors, "closed by DROP in ACL"), over.message_id or host)
        _not_quit(session, over)
    else:
        text = "" if over.unasked else _not_quit(session, over)
        if over.reply is not None:
            code, usual = over.reply
            session.reply(code, text or usual)
        if over.dropped:
            log_dropped(session, over.dropped)
    if over.no_mail_line and not over.timeout and not session.had_mail and selectors.smtp_no_mail and not nolog:
        log.main(lines.no_mail(facts, selectors, session.duration()), host)


def log_dropped(session: SmtpSession, why: str) -> None:
    """Log that we end the session."""
    session.process.log.reject(f"SMTP call from {session.peer()} dropped: {why}", session.shown_id)


def _not_quit(session: SmtpSession, over: SessionOver) -> str:
    """Run acl_smtp_notquit; its message replaces the usual text."""
    if not session.policy.has_acl(session.ctx, "acl_smtp_notquit"):
        return ""
    session.ctx.session.notquit_reason = over.reason
    session.ctx.message.id = over.message_id  # a message that was cut off has none
    result = session.policy.acl(session.ctx, "acl_smtp_notquit")
    if result.outcome is Outcome.ERROR:
        session.process.log.panic(f"ACL for not-QUIT returned ERROR: {result.log_message}", over.message_id)
    return result.user_message


def _lost(session: SmtpSession, over: SessionOver) -> None:
    """The client went away."""
    log = session.process.log
    facts = session.ctx.session
    selectors = log.selectors
    if session.tx.open and over.where == "command":
        session.log_incomplete("connection lost")
    text = _not_quit(session, over)
    if facts.smtp_stdin or facts.host_checking:
        usual = "Lost incoming connection" if over.where == "data" else f"{session.hostname()} lost input connection"
        session.reply("421", text or usual)
    if over.where != "command":
        return
    if session.tx.open:
        if selectors.lost_incoming_connection:
            took = elapsed(session.duration(), millisec=selectors.millisec)
            what = "disconnection" if facts.sender_host_address else "EOF"
            log.main(f"unexpected {what} while reading SMTP command from {session.peer()} D={took}", session.shown_id)
    elif selectors.smtp_connection and not facts.notes.get("connection_nolog", False):
        log.main(lines.lost(facts, selectors, session.duration()), session.shown_id)


def _timeout(session: SmtpSession, over: SessionOver) -> None:
    """The client was silent too long."""
    log = session.process.log
    facts = session.ctx.session
    text = _not_quit(session, over)
    host = full_host(facts, log.selectors) if facts.sender_host_address and not facts.smtp_stdin else ""
    subject = f"{host}{interface(facts, log.selectors)}" if host else facts.sender_ident
    if over.timeout == "data":
        session.reply("421", text or f"{session.hostname()} SMTP incoming data timeout - closing connection.")
        subject = f"{full_host(facts, log.selectors) or subject} F=<{session.ctx.message.sender_address}>"
        what = "SMTP data timeout (message abandoned)"
    else:
        session.reply("421", text or f"{session.hostname()}: SMTP command timeout - closing connection")
        what = "SMTP command timeout"
    if log.selectors.lost_incoming_connection:
        tls = "TLS " if over.timeout == "command" and session.encrypted is not None else ""
        log.main(f"{what} on {tls}connection from {subject}", session.ctx.message.id or session.shown_id)
