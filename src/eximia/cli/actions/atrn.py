"""-atrn: take our mail from a provider over a connection that is turned round (RFC 2645; the customer's side).

The routers find the provider: they are given postmaster at its name while `$atrn_mode` is `C`, and the smtp transport
they choose says how to connect, secure and authenticate.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from eximia.cli.opening import open_process

if TYPE_CHECKING:
    from eximia.context import Process, Session
    from eximia.daemon.invocation import Invocation
    from eximia.transports.smtp.connection import Connection


def run(call: Invocation) -> int:
    from eximia.base.text import Untainted
    from eximia.context import Context, Session
    from eximia.transports.smtp.failure import Failure

    process = open_process(call)
    session = Session()
    session.notes["atrn_mode"] = Untainted("C")
    host, domains = call.turn
    ctx = Context(process, session)
    verified = process.services.verify.verify(ctx, f"postmaster@{host}", "recipient")
    if verified.result != "ok" or len(verified.routed) != 1:
        return _failed(f"cannot route to {host}: {verified.message or 'no host'}")
    target = verified.routed[0]
    try:
        connection = _connected(ctx, target)
        reply = connection.command(f"ATRN {domains}" if domains else "ATRN")
    except Failure as failure:
        return _failed(failure.text())
    if reply.code // 100 != 2:
        connection.quit()
        print(reply.text)
        return 0 if reply.code == 453 else 1
    del session.notes["atrn_mode"]  # what comes in is routed as always
    _serve(process, session, connection)
    return 0


def _failed(text: str) -> int:
    print(f"exim: ATRN: {text}", file=sys.stderr)
    return 1


def _connected(ctx: object, target: object) -> Connection:
    """A session with the first host of the route that answers. Raises Failure."""
    from typing import Any, cast

    from eximia.transports.smtp.failure import Failure
    from eximia.transports.smtp.hosts import hosts_for, interface_for, port_of
    from eximia.transports.smtp.opening import open_connection

    here, address = cast("Any", ctx), cast("Any", target)
    name, options = address.transport.name, address.transport.options
    problem = Failure("no host found")
    for host in hosts_for(here, name, options, address):
        here.address.host, here.address.host_address = host.name, host.address
        try:
            port = host.port or port_of(here, name, options)
            return open_connection(here, options, host, port, interface_for(here, name, options, host))
        except Failure as failure:
            problem = failure
    raise problem


def _serve(process: Process, session: Session, connection: Connection) -> None:
    """The provider is the client now."""
    from eximia.base.text import Untainted
    from eximia.reception.daemon import settings
    from eximia.reception.session import SmtpSession

    stream = connection.stream
    session.sender_host_address, session.sender_host_port = Untainted(connection.host.address), connection.port
    local, port = stream.local
    session.interface_address, session.interface_port = Untainted(local), port
    if connection.tls.version:
        session.tls_in = connection.tls
    SmtpSession(process, stream, session, settings=settings(process)).run()
