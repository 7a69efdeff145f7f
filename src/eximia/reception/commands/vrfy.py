"""VRFY (manual 49.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.logs.lines.hosts import client
from eximia.logs.printing import printing
from eximia.message.address import AddressSyntaxError, parse_address
from eximia.protocols.smtp.server import Command
from eximia.reception.protocol_name import syntax_options

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def vrfy(session: SmtpSession, command: Command) -> None:
    ctx = session.ctx
    given = command.argument
    session.check_sync()
    try:
        parsed = parse_address(given, syntax=syntax_options(session.main))
    except AddressSyntaxError as error:
        session.reply("501", error.message)
        return
    address = parsed.address
    log = session.process.log
    if not parsed.domain:
        if not session.unqualified[1] and address.lower() != "postmaster":
            session.reply("501", f"{given}: recipient address must contain a domain")
            ident = client(ctx.session, log.selectors)
            log.reject(
                f"unqualified verify rejected: <{printing(address)}> {ident}",
                session.shown_id,
                main=log.selectors.smtp_syntax_error,
            )
            return
        address = f"{address}@{session.qualify_recipient}"
    result = session.judge("acl_smtp_vrfy")
    if not result.accepted:
        session.refuse("acl_smtp_vrfy", result, printing(given))
        return
    found = session.process.services.verify.verify(ctx, address, "recipient")
    if found.result == "ok":
        session.reply("250", f"<{address}> is deliverable")
        return
    text = found.user_message or found.message
    if found.result == "defer":
        session.reply("451", f"<{address}> {text}")
    else:
        session.reply("550", f"<{address}> {text}")
        log.main(f"VRFY failed for {printing(given)} {client(ctx.session, log.selectors)}", session.shown_id)
