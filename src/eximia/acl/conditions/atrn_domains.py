"""`atrn_domains`: does mail wait for one of the domains (Exim 4.99; RFC 2645)?

True sets `$atrn_host`, the client's address and port, for a manualroute router with `+` as its separator. Which domains
have mail stays in the session's notes for the command itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.phases import ATRN, all_but
from eximia.acl.run import Run
from eximia.base.text import Untainted, is_tainted, lower
from eximia.lists import match_domain
from eximia.spool.header_file import SpoolFormatError
from eximia.spool.journal import read_journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eximia.context import Process


def _check(one: Run, items: str) -> bool:
    if is_tainted(items):
        raise AclError(f"atrn_domains: tainted list '{items}' not permitted")
    ctx = one.ctx
    found: set[str] = set()
    known: dict[str, bool] = {}
    for domain in waiting_domains(ctx.process, ctx.message.queue_name):
        if domain not in known:
            known[domain] = match_domain(items, domain, ctx) is not None
        if known[domain]:
            found.add(domain)
    if not found:
        return False
    session = ctx.session
    address = session.sender_host_address
    shown = f"[{address}]" if ":" in address else address
    session.notes["atrn_host"] = Untainted(f"{shown}:{session.sender_host_port}")
    session.notes["atrn_domains"] = frozenset(found)
    return True


def waiting_domains(process: Process, queue: str) -> Iterator[str]:
    """The domains of recipients that wait in a queue, each as often as it occurs."""
    spool = process.spool
    for place in spool.places(queue):
        for message_id in spool.ids_at(place):
            try:
                header = spool.read(message_id, place)
            except (SpoolFormatError, OSError):
                continue
            done = header.nonrecipients | read_journal(spool.path(message_id, "-J", place))
            for recipient in header.recipients:
                if recipient.address not in done:
                    yield lower(recipient.address.rpartition("@")[2])


ATRN_DOMAINS = Handler("atrn_domains", _check, forbidden=all_but(ATRN))
