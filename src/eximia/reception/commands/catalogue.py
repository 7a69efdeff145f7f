"""Command -> what obeys it: a function that takes the session and the command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eximia.base.catalogue import Catalogue
from eximia.protocols.smtp.server import Command

#: the first argument is a `reception.session.SmtpSession`
COMMANDS: Catalogue[Callable[[Any, Command], None]] = Catalogue(
    "SMTP command",
    {
        "HELO": "eximia.reception.commands.hello:helo",
        "EHLO": "eximia.reception.commands.hello:ehlo",
        "MAIL": "eximia.reception.commands.mail:mail",
        "RCPT": "eximia.reception.commands.rcpt:rcpt",
        "DATA": "eximia.reception.commands.data:data",
        "BDAT": "eximia.reception.commands.bdat:bdat",
        "RSET": "eximia.reception.commands.rset:rset",
        "NOOP": "eximia.reception.commands.noop:noop",
        "QUIT": "eximia.reception.commands.quit:quit_",
        "HELP": "eximia.reception.commands.help:help_",
        "VRFY": "eximia.reception.commands.vrfy:vrfy",
        "EXPN": "eximia.reception.commands.expn:expn",
        "ETRN": "eximia.reception.commands.etrn:etrn",
        "ATRN": "eximia.reception.commands.atrn:atrn",
        "AUTH": "eximia.reception.commands.auth:auth",
        "STARTTLS": "eximia.reception.commands.starttls:starttls",
        "WELLKNOWN": "eximia.reception.commands.wellknown:wellknown",
        "XCLIENT": "eximia.reception.commands.xclient:xclient",
    },
)

#: commands that exist only where an option of the main section is set
ONLY_WITH = {"XCLIENT": "hosts_xclient"}
