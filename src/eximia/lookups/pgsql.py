"""`pgsql`: queries on PostgreSQL (manual 9.21 to 9.25), through libpq; connections are kept."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eximia.base.errors import NetworkError
from eximia.base.text import from_bytes, to_bytes

from .pool import pool_for
from .rows import format_rows
from .servers import ConnectFailure, ask, escape_sql, split_host
from .types import LookupDefer, Options, QueryStyle

if TYPE_CHECKING:
    from eximia.base.ports import Watch
    from eximia.context import Context

PORT = 5432
#: seconds for one query
TIMEOUT = 60.0


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
        host = folder
    else:
        head, _, rest = spec.partition("/")
        fields = rest.split("/")
        host, number, _ = split_host(head, PORT)
        port = str(number)
    if len(fields) != 3:
        raise LookupDefer(f"incomplete pgSQL server data: {spec.partition('/')[0]}")
    values = {"host": host, "port": port, "dbname": fields[0], "user": fields[1], "password": fields[2]}
    quoted = ((key, value.replace("\\", "\\\\").replace("'", "\\'")) for key, value in values.items() if value)
    return to_bytes(" ".join(f"{key}='{value}'" for key, value in quoted) + " connect_timeout='10'")


class _Connection:
    """A connection of libpq and the loop's look at it."""

    __slots__ = ("watch", "wire")

    def __init__(self, wire: Any, watch: Watch) -> None:
        self.wire = wire
        self.watch = watch

    def close(self) -> None:
        self.watch.close(self.wire.finish)


def _connect(conninfo: bytes) -> Any:
    """In a thread: libpq may look for names, files and certificates. Raises ConnectFailure."""
    from psycopg import pq

    wire = pq.PGconn.connect(conninfo)
    if wire.status != pq.ConnStatus.OK:
        message = from_bytes(wire.error_message).rstrip("\n")
        wire.finish()
        raise ConnectFailure(f"PGSQL connection failed: {message}")
    return wire


def _run(connection: _Connection, query: bytes) -> str | None:
    """Send the query and wait for its result, without a thread. Raises LookupDefer, and NetworkError when the server
    closed the connection before: what was sent is never sent again, for it may have been obeyed."""
    from psycopg import Error, pq

    wire, watch = connection.wire, connection.watch
    if watch.ready():
        raise NetworkError("PGSQL: the server closed the connection")
    result: Any = None
    try:
        wire.send_query(query)
        wire.flush()
        while True:
            while wire.is_busy():
                if not watch.wait(TIMEOUT):
                    raise _Lost(f"timed out ({from_bytes(query)})")
                wire.consume_input()
            found = wire.get_result()
            if found is None:
                break
            result = found
    except Error as error:
        raise _Lost(str(error).strip()) from None
    if wire.status != pq.ConnStatus.OK:
        raise _Lost(from_bytes(wire.error_message).strip())
    return _text(result, query)


class _Lost(LookupDefer):
    """The connection cannot be used any more."""

    def __init__(self, why: str) -> None:
        super().__init__(f"PGSQL: query failed: {why}")


def _text(result: Any, query: bytes) -> str | None:
    from psycopg import pq

    status = result.status
    if status == pq.ExecStatus.COMMAND_OK:
        return str(result.command_tuples or 0)
    if status == pq.ExecStatus.TUPLES_OK:
        return _rows(result)
    message = from_bytes(result.error_message)
    name = pq.ExecStatus(status).name
    raise LookupDefer(f"PGSQL: query failed: {message} (PGRES_{name}) ({from_bytes(query)})\n")


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

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""
        ports = ctx.process.ports

        def perform(server: str, text: str) -> str | None:
            conninfo = _conninfo(server)
            asked = to_bytes(text)

            def connect() -> _Connection:
                wire = ports.blocking(_connect, conninfo)
                return _Connection(wire, ports.watch(wire.socket))

            pool = pool_for(ctx, "pgsql", conninfo, _Connection.close)
            try:
                found: str | None = pool.use(connect, lambda connection: _run(connection, asked))
            except NetworkError as error:
                raise LookupDefer(error.message) from None
            return found

        return ask(ctx, "pgsql", "PostgreSQL", ctx.process.main.pgsql_servers, query, options, perform)


PGSQL = Pgsql()
