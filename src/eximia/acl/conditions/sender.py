"""`senders`, `sender_domains`: the address of the MAIL command (manual 44.26)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import COMMANDS, CONNECT, QUIT
from eximia.acl.run import Run
from eximia.base.template import Template
from eximia.lists import match_address, match_domain

_FORBIDDEN = CONNECT.bit | COMMANDS | QUIT.bit


def _senders(one: Run, items: Template) -> bool:
    found = match_address(items, one.ctx.message.sender_address, one.ctx)
    one.ctx.address.sender_data = found.data if found is not None else ""
    return found is not None


def _sender_domains(one: Run, items: Template) -> bool:
    sender = one.ctx.message.sender_address
    return match_domain(items, sender.rpartition("@")[2] if "@" in sender else "", one.ctx) is not None


SENDERS = Handler("senders", _senders, expands=False, forbidden=_FORBIDDEN)
SENDER_DOMAINS = Handler("sender_domains", _sender_domains, expands=False, forbidden=_FORBIDDEN)
