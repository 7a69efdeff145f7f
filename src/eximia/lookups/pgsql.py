"""`pgsql`: queries on PostgreSQL (manual 9.21 to 9.25), through libpq; connections are kept."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eximia.base.errors import NetworkError
from eximia.base.text import from_bytes, to_bytes

from .pool import pool_for
from .rows import format_rows
from .servers import ConnectFailure, ask, check_fields, escape_sql, only_reads, split_host
from .types import LookupDefer, Options, QueryStyle

if TYPE_CHECKING:
    from eximia.base.ports import Ports
    from eximia.context import Context

PORT = 5432
#: seconds for one query
TIMEOUT = 60.0
#: `ExecStatusType` of libpq: a command that gives no rows, one that does
_EMPTY_QUERY, _COMMAND_OK, _TUPLES_OK = 0, 1, 2
_COPYING = (3, 4, 8)


@lru_cache(maxsize=64)
def _conninfo(spec: str) -> bytes:
    """libpq's description of `host[:port]/database/user/password`. Raises LookupDefer."""
    if spec.startswith("("):
        path, _, rest = spec[1:].partition(")")
        fields = rest.removeprefix("/").split("/")
        folder, _, name = path.rpartition("/")
        prefix, _, port = name.rpartition(".")
        if prefix != ".s.PGSQL" or not port.isdigit() or not os.path.isabs(path):
            raise LookupDefer(f"PGSQL invalid filename for socket: {path}")
        check_fields("pgSQL", [f"({path})", *fields])
        host = folder
    else:
        head, *fields = spec.split("/")
        check_fields("pgSQL", [head, *fields])
        host, number, _ = split_host(head, PORT)
        port = str(number)
    values = {"host": host, "port": port, "dbname": fields[0], "user": fields[1], "password": fields[2]}
    quoted = ((key, value.replace("\\", "\\\\").replace("'", "\\'")) for key, value in values.items() if value)
    return to_bytes(" ".join(f"{key}='{value}'" for key, value in quoted) + " connect_timeout='10'")


class _Connection:
    """A connection of libpq and the loop's look at it."""

    __slots__ = ("blocking", "error", "ok", "watch", "wire")

    def __init__(self, wire: Any, ports: Ports) -> None:
        from psycopg import Error, pq

        self.wire = wire
        try:
            self.watch = ports.watch(wire.socket)
        except OSError as error:
            wire.finish()
            raise ConnectFailure(f"PGSQL connection failed: {error.strerror}") from None
        self.blocking = ports.blocking
        #: what psycopg raises, and the number of a good connection: an import for each query would cost more than both
        self.error = Error
        self.ok = pq.ConnStatus.OK

    def close(self) -> None:
        self.watch.close(self.wire.finish)

    def ask(self, query: bytes) -> str | None:
        """Send the query and wait for its result, without a thread. Raises LookupDefer, and NetworkError when the
        server closed the connection before: what was sent is never sent again, for it may have been obeyed."""
        wire, watch = self.wire, self.watch
        if watch.ready():
            raise NetworkError("PGSQL: the server closed the connection")
        result: Any = None
        try:
            wire.send_query(query)
            if wire.flush():
                # More than the socket takes: that is rare enough for a thread.
                self.blocking(_finish_sending, wire)
            while True:
                while wire.is_busy():
                    if not watch.wait(TIMEOUT):
                        raise _Lost(f"timed out ({from_bytes(query)})")
                    wire.consume_input()
                found = wire.get_result()
                if found is None:
                    break
                result = found
                if found.status in _COPYING:
                    break
        except self.error as error:
            raise _Lost(str(error).strip()) from None
        if wire.status != self.ok:
            raise _Lost(from_bytes(wire.error_message).strip())
        status = result.status
        if status == _TUPLES_OK:
            if result.ntuples == 1 and result.nfields == 1:
                return str(result.get_value(0, 0) or b"", "latin-1")
            return _rows(result)
        if status == _COMMAND_OK:
            # Commands that touch no rows have no number, and find nothing.
            return None if result.command_tuples is None else str(result.command_tuples)
        if status == _EMPTY_QUERY:
            return None
        if status in _COPYING:
            # Rows come, or are waited for, beside the query; this connection has no way back.
            raise _Copying(_refusal(result, status, query))
        raise LookupDefer(_refusal(result, status, query))


def _connect(conninfo: bytes) -> Any:
    """In a thread: libpq may look for names, files and certificates. Raises ConnectFailure."""
    from psycopg import pq

    wire = pq.PGconn.connect(conninfo)
    if wire.status != pq.ConnStatus.OK:
        message = from_bytes(wire.error_message)
        wire.finish()
        raise ConnectFailure(f"PGSQL connection failed: {message}")
    wire.nonblocking = 1
    return wire


def _finish_sending(wire: Any) -> None:
    """In a thread. A server that takes nothing for long is as good as lost."""
    from eximia.base.readiness import READABLE, WRITABLE, wait_for

    while wire.flush():
        if not wait_for(wire.socket, READABLE | WRITABLE, TIMEOUT):
            raise _Lost("timed out while the query was sent")
        wire.consume_input()


class _Lost(LookupDefer):
    """The connection cannot be used any more."""

    def __init__(self, why: str) -> None:
        super().__init__(f"PGSQL: query failed: {why}")


class _Copying(LookupDefer):
    """COPY cannot be a lookup, and the connection is in the middle of one."""


def _refusal(result: Any, status: int, query: bytes) -> str:
    from psycopg import pq

    message = from_bytes(result.error_message)
    name = pq.ExecStatus(status).name
    return f"PGSQL: query failed: {message} (PGRES_{name}) ({from_bytes(query)})\n"


def _rows(result: Any) -> str | None:
    names = [from_bytes(result.fname(column)) for column in range(result.nfields)]
    rows = (
        [from_bytes(result.get_value(row, column) or b"") for column in range(len(names))]
        for row in range(result.ntuples)
    )
    return format_rows(names, rows)


class Pgsql(QueryStyle):
    """See the module's docstring."""

    quoters = frozenset({"pgsql"})

    def quote(self, text: str, option: str | None) -> str | None:
        """See `LookupType.quote`."""
        return escape_sql(text, doubled_quote=True) if option is None else None

    def changes(self, query: str, found: str | None) -> bool:
        """See `QueryStyle.changes`."""
        return not only_reads(query)

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""

        def perform(server: str, text: str) -> str | None:
            return _perform(ctx, server, text)

        return ask(ctx, "pgsql", "PostgreSQL", ctx.process.main.pgsql_servers, query, options, perform)


def _perform(ctx: Context, server: str, query: str) -> str | None:
    """The result of one server. Raises ConnectFailure, LookupDefer."""
    conninfo = _conninfo(server)

    def connect() -> _Connection:
        ports = ctx.process.ports
        return _Connection(ports.blocking(_connect, conninfo), ports)

    pool = pool_for(ctx, "pgsql", conninfo, _Connection.close)
    try:
        return pool.use(connect, _Connection.ask, to_bytes(query))
    except NetworkError as error:
        raise LookupDefer(error.message) from None


PGSQL = Pgsql()
