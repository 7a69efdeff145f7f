"""Opening the hints databases that `hints_database` names."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from eximia.base.errors import NetworkError
from eximia.base.ports import Stream
from eximia.hints.backend import Server
from eximia.hints.store import Hints

if TYPE_CHECKING:
    from eximia.context import Process


def open_hints(process: Process, spool_directory: str, owner: tuple[int, int] | None) -> Hints:
    """The hints of a process. Raises ConfigError."""
    return Hints(
        os.path.join(spool_directory, "db"),
        process.log.panic,
        time.time,
        owner=owner,
        database=str(process.main.hints_database),
        host=process.primary_hostname,
        dial=lambda server, timeout: _dial(process, server, timeout),
    )


def check_setting(database: str) -> None:
    """Raises ConfigError when `hints_database` cannot be meant."""
    Hints("", lambda _: None, time.time, database=database, dial=_undialled)


def _undialled(server: Server, timeout: float) -> Stream:
    raise NetworkError("not now")


def _dial(process: Process, server: Server, timeout: float) -> Stream:
    """A connection to a hints server. Raises NetworkError."""
    net = process.ports.net
    if server.path:
        return net.connect_unix(server.path, timeout=timeout)
    from eximia.context import Context, Message, Session
    from eximia.dns.hosts import addresses_by_name

    ctx = Context(process, Session(), Message())
    addresses = addresses_by_name(ctx, server.host).addresses
    if not addresses:
        raise NetworkError(f"no address found for {server.host}")
    stream = net.connect(addresses[0], server.port, timeout=timeout)
    if server.tls:
        connect = process.services.tls_connect
        if connect is None:
            stream.abort()
            raise NetworkError("TLS is not available")
        stream = connect(ctx, stream, server.host)
    return stream
