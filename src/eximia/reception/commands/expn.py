"""EXPN: one level of expansion of an address (manual 49.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.logs.printing import printing
from eximia.message.address import AddressSyntaxError, parse_address
from eximia.protocols.smtp.server import Command
from eximia.reception.protocol_name import syntax_options

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def expn(session: SmtpSession, command: Command) -> None:
    session.check_sync("acl_smtp_expn")
    result = session.policy.acl(session.ctx, "acl_smtp_expn")
    given = command.argument
    if not result.accepted:
        session.refuse("acl_smtp_expn", result, printing(given))
        return
    try:
        parsed = parse_address(given, syntax=syntax_options(session.main)) if given else None
    except AddressSyntaxError as error:
        session.reply("550", f"<{given}> {error.message}")
        return
    address = parsed.address if parsed is not None else ""
    if parsed is None or not parsed.domain:
        address = f"{address}@{session.qualify_domain}"
    found = session.process.services.verify.verify(session.ctx, address, "expn")
    if found.result == "ok":
        targets = [one.address for one in found.routed] or [address]
        session.reply("250", "\n".join(f"<{target}>" for target in targets))
    elif found.result == "defer":
        session.reply("451", f"<{address}> {found.user_message or found.message}")
    else:
        session.reply("550", f"<{address}> {found.user_message or found.message}")
