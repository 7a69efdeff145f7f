"""EXPN: one level of expansion of an address (manual 49.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.logs.printing import printing
from eximia.protocols.smtp.server import Command

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def expn(session: SmtpSession, command: Command) -> None:
    session.check_sync()
    result = session.judge("acl_smtp_expn")
    given = command.argument
    if not result.accepted:
        session.refuse("acl_smtp_expn", result, printing(given))
        return
    address = given if "@" in given else f"{given}@{session.qualify_domain}"
    found = session.process.services.verify.verify(session.ctx, address, "expn")
    if found.result == "ok":
        if found.discarded:
            session.reply("250", f"mail to <{address}> is discarded")
            return
        targets = [one.address for one in found.routed] or [address]
        session.reply("250", "\n".join(f"<{target}>" for target in targets))
    elif found.result == "defer":
        session.reply("553", f"{address} cannot be resolved at this time")
    else:
        session.reply("553", f"{address} is undeliverable")
