"""ATRN: an authenticated client takes its mail over this very connection (RFC 2645, Exim 4.99).

The ACL says with `atrn_domains` which mail there is. Then client and server change their parts, and the waiting
messages go out through the usual routers, which find the client in `$atrn_host`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import Untainted, lower
from eximia.logs.printing import printing
from eximia.protocols.smtp.server import Command
from eximia.reception.answers import accepted
from eximia.reception.ending import SessionOver
from eximia.transports.smtp.turned import Turned

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def atrn(session: SmtpSession, command: Command) -> None:
    ctx = session.ctx
    facts = ctx.session
    if "ATRN" not in session.offered:
        session.protocol_error("502", "ATRN command not available")
        return
    if session.tx.open:
        session.protocol_error("503", "ATRN is not permitted inside a transaction")
        return
    if not facts.sender_host_authenticated:
        session.reply("530", "Authentication required")
        return
    session.check_sync()
    facts.notes.pop("atrn_host", None)
    facts.notes.pop("atrn_domains", None)
    facts.notes["atrn_mode"] = Untainted("P")
    result = session.judge("acl_smtp_atrn")
    if not result.accepted:
        session.refuse("acl_smtp_atrn", result, printing(command.argument))
        return
    domains: frozenset[str] = facts.notes.get("atrn_domains", frozenset())
    asked = {lower(word.strip()) for word in command.argument.split(",") if word.strip()}
    if asked:
        domains &= asked
    if not domains:
        session.reply("453", "You have no mail")
        return
    session.answer(accepted(ctx, result, "250", "OK now reversing the connection"))
    if session.settings.testing:
        return
    session.flush()
    turned = Turned(session.stream, facts.sender_host_address, facts.sender_host_port, facts.tls_in)
    session.process.services.turn(
        session.process, domains, ctx.message.queue_name, turned, str(facts.notes["atrn_host"])
    )
    raise SessionOver("", rejected=True)
