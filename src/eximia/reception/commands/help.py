"""HELP: the commands that are of use to this client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.protocols.smtp.server import Command

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def help_(session: SmtpSession, _command: Command) -> None:
    ctx = session.ctx
    words = ["AUTH"]
    if session.tls_possible() and not ctx.session.tls_in.active:
        words.append("STARTTLS")
    words += ["HELO", "EHLO", "MAIL", "RCPT", "DATA", "BDAT", "NOOP", "QUIT", "RSET", "HELP"]
    for option, word in (
        ("acl_smtp_etrn", "ETRN"),
        ("acl_smtp_expn", "EXPN"),
        ("acl_smtp_vrfy", "VRFY"),
    ):
        if session.policy.has_acl(ctx, option):
            words.append(word)
    if session.policy.host_in(ctx, "wellknown_advertise_hosts"):
        words.append("WELLKNOWN")
    session.reply("214", f"Commands supported:\n{' '.join(words)}")
