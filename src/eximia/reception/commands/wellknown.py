"""WELLKNOWN: a small file that the ACL chose, sent in the reply (option `acl_smtp_wellknown`, Exim 4.98)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.protocols.smtp.server import Command
from eximia.protocols.smtp.server.parameters import encode_xtext

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession

#: xtext is broken into reply lines of this length
_WIDTH = 78
#: what is longer is no well-known file
_LONGEST = 1 << 20


def wellknown(session: SmtpSession, command: Command) -> None:
    facts = session.ctx.session
    if "WELLKNOWN" not in session.offered:
        session.protocol_error("503", "WELLKNOWN command used when not advertised")
        return
    if not command.argument:
        session.syntax_error("WELLKNOWN must have an operand")
        return
    session.check_sync("acl_smtp_wellknown")
    facts.wellknown_file = ""
    result = session.policy.acl(session.ctx, "acl_smtp_wellknown")
    if not result.accepted:
        session.refuse("acl_smtp_wellknown", result, command.argument)
        return
    if not facts.wellknown_file:
        session.reply("504", "not found")
        return
    try:
        with open(facts.wellknown_file, "rb") as file:
            data = file.read(_LONGEST + 1)
    except OSError:
        session.reply("504", "not found")
        return
    if len(data) > _LONGEST:
        session.reply("504", "not found")
        return
    text = encode_xtext(data.decode("latin-1"))
    lines = [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]
    session.reply("250", "\n".join([f"SIZE={len(data)}", *lines]))
