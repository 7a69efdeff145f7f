"""XCLIENT: a trusted front end says whom it speaks for (option `hosts_xclient`, Exim 4.97).

The session then goes on as if that client had just connected: a new greeting must follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted
from eximia.protocols.smtp.server import Command
from eximia.protocols.smtp.server.xclient import BadXclient, ClientFacts, read_xclient
from eximia.reception.ip import is_ip_address

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def xclient(session: SmtpSession, command: Command) -> None:
    if "XCLIENT" not in session.offered:
        session.protocol_error("503", "XCLIENT command used when not advertised")
        return
    if session.tx.open:
        session.protocol_error("503", "XCLIENT is not permitted inside a transaction")
        return
    session.check_sync()
    try:
        told = read_xclient(command.argument)
    except BadXclient as error:
        session.syntax_error(str(error))
        return
    facts = session.ctx.session
    if not facts.proxy.xclient and (told.address is None or told.port is None):
        session.syntax_error("ADDR and PORT must be given at the first XCLIENT")
        return
    for address in (told.address, told.destination):
        # the zone of an address means nothing on another machine
        if address and ("%" in address or not is_ip_address(address)):
            session.syntax_error("bad address for XCLIENT")
            return
    _apply(session, told)
    session.reset()
    session.offered = frozenset()
    session.helo_given = False
    facts.pipelining_advertised = facts.esmtp = False
    facts.sender_helo_name = ""
    facts.helo_verified = facts.helo_verify_failed = False
    try:
        banner = session.policy.expand(session.ctx, session.main.smtp_banner)
    except ExpansionError:
        banner = session.hostname()
    session.reply("220", banner.rstrip())


def _apply(session: SmtpSession, told: ClientFacts) -> None:
    facts = session.ctx.session
    if not facts.proxy.session:
        facts.proxy.session = True
        facts.proxy.local_address = facts.sender_host_address
        facts.proxy.local_port = facts.sender_host_port
    facts.proxy.xclient = True
    if told.destination is not None:
        facts.proxy.external_address = told.destination
    if told.destination_port is not None:
        facts.proxy.external_port = told.destination_port
    if told.address:
        facts.sender_host_address = Untainted(told.address.lower())
        facts.sender_host_name = ""
        facts.sender_host_aliases = ()
        facts.host_name_known = None
        facts.host_lookup_deferred = False
    if told.port is not None:
        facts.sender_host_port = told.port
    if told.name:
        facts.sender_host_name = told.name
        facts.host_name_known = True
    if told.login is not None:
        facts.authenticated_id = told.login
        facts.sender_host_authenticated = "xclient" if told.login else ""
