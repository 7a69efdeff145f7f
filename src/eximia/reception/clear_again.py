"""The client has ended TLS and goes on in clear, or begins TLS anew (manual 43.13): so does an Exim that gives its
connection to another process (`hosts_noproxy_tls`).

Whoever writes into the connection now need not be who spoke before: nothing that was said within TLS counts any more,
authentication least of all. A transaction, and a port for TLS from the start, end with TLS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.context.session import TlsFacts

if TYPE_CHECKING:
    from .session import SmtpSession


def next_in_clear(session: SmtpSession) -> bytes:
    """What the client says after TLS; nothing when it says no more, or may not. Raises NetworkError."""
    encrypted = session.encrypted
    facts = session.ctx.session
    if encrypted is None or not encrypted.engine.closed or facts.tls_in.on_connect or session.tx.open:
        return b""
    session.stream = encrypted.leave()
    session.encrypted = None
    data = session.stream.recv(session.timeout)
    if data:
        _forget(session)
    return data


def _forget(session: SmtpSession) -> None:
    """As at the start; the log of a session that has just ended keeps what TLS it had."""
    facts = session.ctx.session
    facts.tls_in = TlsFacts()
    facts.sender_host_authenticated = facts.authenticated_id = facts.authenticated_sender = ""
    facts.auth_vars = []
    session.reset()
    session.server.discard()
    session.offered = frozenset()
    facts.pipelining_advertised = session.helo_given = facts.esmtp = False
    facts.sender_helo_name = ""
    facts.helo_verified = facts.helo_verify_failed = False
    session.counters.after_farewell()
