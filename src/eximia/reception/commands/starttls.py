"""STARTTLS (RFC 3207; manual 43)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.protocols.smtp.server import Command
from eximia.reception.extensions import server_tls

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def starttls(session: SmtpSession, _command: Command) -> None:
    if "STARTTLS" not in session.offered:
        session.protocol_error("503", "STARTTLS command used when not advertised")
        return
    session.check_sync()
    if session.policy.has_acl(session.ctx, "acl_smtp_starttls"):
        result = session.judge("acl_smtp_starttls")
        if not result.accepted:
            session.refuse("acl_smtp_starttls", result)
            return
    tls = server_tls(session.process)
    if tls is None:
        session.reply("454", "TLS currently unavailable")
        return
    # A transaction that was begun in clear is over, whatever becomes of TLS.
    session.log_incomplete("STARTTLS")
    session.reset()
    tls.start(session, on_connect=False)
    facts = session.ctx.session
    if not facts.tls_in.active:
        return
    session.server.discard()
    session.offered = frozenset()
    facts.pipelining_advertised = False
    session.counters.after_tls()
    if not session.main.tls_remember_esmtp:
        # All that the client said in clear is forgotten (RFC 3207 4.2).
        session.helo_given = facts.esmtp = False
        facts.sender_helo_name = ""
        facts.helo_verified = facts.helo_verify_failed = False
