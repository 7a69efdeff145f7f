"""WELLKNOWN: a small file that the ACL chose, sent in the reply (`acl_smtp_wellknown`, manual 44.2.9 of 4.98)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.logs.printing import printing
from eximia.protocols.smtp.server import Command
from eximia.protocols.smtp.server.parameters import encode_xtext

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession

#: a reply line ends with the first character that brings it to this length
_WIDTH = 75


def wellknown(session: SmtpSession, command: Command) -> None:
    """Allowed for hosts in `wellknown_advertise_hosts`, before EHLO and inside a transaction, too; the argument may be
    missing. The ACL decides."""
    ctx = session.ctx
    facts = ctx.session
    # Such a client came for something.
    session.had_mail = True
    if not (
        session.policy.has_acl(ctx, "acl_smtp_wellknown") and session.policy.host_in(ctx, "wellknown_advertise_hosts")
    ):
        shown = f"WELLKNOWN {command.argument}".rstrip()
        client = facts.sender_helo_name or facts.sender_host_address or facts.sender_ident
        session.process.log.main(f'rejected "{printing(shown)}" from {client}', session.shown_id)
        session.reply("554", "not permitted")
        return
    session.check_sync()
    facts.wellknown_data = None
    result = session.judge("acl_smtp_wellknown")
    if not result.accepted:
        session.refuse("acl_smtp_wellknown", result, printing(command.argument))
        return
    data = ctx.session.wellknown_data
    if data is None:
        session.reply("451", "Temporary local problem - please try later")
        return
    session.reply("250", "\n".join([f"SIZE={len(data)}", *wrapped(data.decode("latin-1"))]))


def wrapped(text: str) -> list[str]:
    """xtext in lines: each ends behind a newline of the text, or when it is long enough."""
    lines: list[str] = []
    line = ""
    for char in text:
        line += encode_xtext(char)
        if char == "\n" or len(line) >= _WIDTH:
            lines.append(line)
            line = ""
    if line:
        lines.append(line)
    return lines
