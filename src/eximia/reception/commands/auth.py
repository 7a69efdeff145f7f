"""AUTH: hand the exchange to the authenticators (manual 33.2; RFC 4954)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.protocols.smtp.server import Command
from eximia.reception.extensions import server_auth
from eximia.reception.protocol_name import protocol_name

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def auth(session: SmtpSession, command: Command) -> None:
    facts = session.ctx.session
    if "AUTH" not in session.offered and not facts.allow_auth_unadvertised:
        session.protocol_error("503", "AUTH command used when not advertised")
        return
    if facts.sender_host_authenticated:
        session.protocol_error("503", "already authenticated")
        return
    if session.tx.open:
        session.protocol_error("503", "not permitted in mail transaction")
        return
    session.check_sync()
    if session.policy.has_acl(session.ctx, "acl_smtp_auth"):
        result = session.judge("acl_smtp_auth")
        if not result.accepted:
            session.refuse("acl_smtp_auth", result, command.argument.partition(" ")[0])
            return
    server = server_auth(session.process)
    mechanism, blank, initial = command.argument.partition(" ")
    if server is None:
        session.protocol_error("504", f"{mechanism} authentication mechanism not supported")
        return
    server.authenticate(session, mechanism, initial.strip() if blank else None)
    session.ctx.message.received_protocol = protocol_name(facts)
