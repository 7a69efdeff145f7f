"""Commands before the server's banner (PIPECONNECT; option `hosts_pipe_connect`, manual 30.4).

What a server answered to EHLO is remembered in the hints. At the next connection EHLO goes out at once; when neither
TLS nor AUTH comes between, the envelope goes with it. A message is never sent before the answers are there. Not for
LMTP, proxies, or where an event could still say no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import NetworkError
from eximia.hints.records import EhloRecord
from eximia.protocols.smtp.client import Capabilities, Reply
from eximia.transports.strings import host_matches

from .connection import helo_name, use
from .failure import Failure, network, refused

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Host

    from .connection import Connection


def wanted(ctx: Context, options: Any, host: Host) -> bool:
    """`hosts_pipe_connect` names the host, and nothing speaks against it."""
    return (
        options.hosts_pipe_connect is not None
        and options.protocol != "lmtp"
        and options.event_action is None
        and options.socks_proxy is None
        and "sending_ip_address" not in options.helo_data.text
        and ctx.process.hints is not None
        and host_matches(ctx, options.hosts_pipe_connect, host.name, host.address)
        and not host_matches(ctx, options.hosts_avoid_esmtp, host.name, host.address)
    )


def _key(host: Host, port: int) -> str:
    return f"{host.address}:{port}"


def remembered(ctx: Context, host: Host, port: int) -> Reply | None:
    """What the host answered to EHLO in clear, when it takes early commands."""
    found = ctx.process.hints.ehlo.entry(_key(host, port))
    if found is None:
        return None
    record, written = found
    if ctx.process.ports.clock.time() - written > ctx.process.main.retry_data_expire:
        return None
    return Reply(250, record.text)


def remember(ctx: Context, connection: Connection, reply: Reply) -> None:
    """Keep the answer to EHLO; forget an earlier one when the host takes no early commands any more."""
    table = ctx.process.hints.ehlo
    key = _key(connection.host, connection.port)
    if not connection.peer.pipe_connect:
        table.delete(key)
        return
    known = table.get(key)
    if known is None or known.text != reply.text:
        table.put(key, EhloRecord(reply.text))


def forget(ctx: Context, host: Host, port: int) -> None:
    ctx.process.hints.ehlo.delete(_key(host, port))


def envelope_too(ctx: Context, options: Any, host: Host, peer: Capabilities) -> bool:
    """Can the envelope follow EHLO at once: no TLS, no AUTH between them."""
    name, address = host.name, host.address
    if options.hosts_require_tls is not None or options.hosts_require_auth is not None or host.tls_required:
        return False
    if peer.starttls and not host_matches(ctx, options.hosts_avoid_tls, name, address):
        return False
    if peer.auth and host_matches(ctx, options.hosts_try_auth, name, address):
        return False
    return peer.pipelining


def begin(ctx: Context, connection: Connection, options: Any, expected: Reply) -> bool:
    """The connection is there: use what is remembered of the host. True: the session is ready for an envelope, whose
    first flight carries EHLO; otherwise EHLO was sent alone. Raises Failure."""
    connection.helo = helo_name(ctx, options)
    connection.early = expected
    peer = Capabilities.read(expected)
    if not connection.verifying and envelope_too(ctx, options, connection.host, peer):
        connection.was_early = True
        connection.helo_response = expected.text
        use(ctx, connection, options, peer)
        return True
    command = f"EHLO {connection.helo}"
    try:
        connection.stream.send(f"{command}\r\n".encode("latin-1"))
    except NetworkError as error:
        raise network(command, error) from error
    return False


def confirm(connection: Connection) -> None:
    """Read the banner and the answer to EHLO, for which nobody waited. Raises Failure: with `unheard` set the host is
    to be tried again in the ordinary way."""
    expected, connection.early = connection.early, None
    assert expected is not None
    banner = connection.reply("initial connection")
    connection.greeting = banner.text
    if banner.code // 100 != 2:
        raise refused("initial connection", banner)
    reply = connection.reply(f"EHLO {connection.helo}")
    connection.helo_response = reply.text
    if reply.code == expected.code and reply.lines[1:] == expected.lines[1:]:
        return
    failure = Failure("the answer to EHLO is not the one that was remembered", log=False)
    failure.unheard = True
    raise failure
