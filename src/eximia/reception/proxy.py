"""A client behind a proxy: the PROXY protocol before the dialogue (manual 59.1, features row 18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import NetworkError, RemoteProtocolError
from eximia.base.text import Untainted
from eximia.protocols.proxy import Proxied, ProxyReader

if TYPE_CHECKING:
    from .session import SmtpSession


def read_proxy_header(session: SmtpSession) -> None:
    """Read the header and make the client it names the session's client.

    When there is none within `proxy_protocol_timeout`, or it is malformed, the session goes on so that the client can
    be told, and refuses everything but QUIT.
    """
    facts = session.ctx.session
    facts.proxy.session = True
    found = _read(session)
    if found is None:
        session.proxy_failed = True
        return
    if found.local:
        return
    facts.proxy.local_address = facts.sender_host_address
    facts.proxy.local_port = facts.sender_host_port
    facts.proxy.external_address = found.destination
    facts.proxy.external_port = found.destination_port
    facts.sender_host_address = Untainted(found.source)
    facts.sender_host_port = found.source_port
    facts.sender_host_name = ""
    facts.sender_host_aliases = ()
    facts.host_name_known = None
    facts.host_lookup_deferred = False
    session.policy.find_host_name(session.ctx)


def _read(session: SmtpSession) -> Proxied | None:
    reader = ProxyReader()
    clock = session.process.ports.clock
    deadline = clock.monotonic() + session.main.proxy_protocol_timeout
    stream = session.stream
    try:
        while True:
            left = deadline - clock.monotonic()
            if left <= 0:
                return None
            data = stream.recv(left)
            if not data:
                return None
            found = reader.feed(data)
            if found is not None:
                if reader.rest:
                    stream.unread(reader.rest)
                return found
    except (NetworkError, RemoteProtocolError):
        return None
