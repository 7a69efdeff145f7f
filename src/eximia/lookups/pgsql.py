"""`pgsql`: queries on PostgreSQL (manual 9.21 to 9.25), through libpq; connections are kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from eximia.base.text import from_bytes, to_bytes

from .rows import format_rows
from .servers import ConnectFailure, ask, escape_sql, split_host
from .types import LookupDefer, Options, QueryStyle

if TYPE_CHECKING:
    from eximia.context import Context

PORT = 5432
KEPT = 4


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


def _ask(pool: list[Any], conninfo: bytes, query: bytes) -> str | None:
    """Run the query over a kept or a new connection; in a thread of its own. Raises ConnectFailure, LookupDefer."""
    from psycopg import pq

    while True:
        kept = bool(pool)
        connection = pool.pop() if kept else pq.PGconn.connect(conninfo)
        if connection.status != pq.ConnStatus.OK:
            message = from_bytes(connection.error_message).rstrip("\n")
            connection.finish()
            raise ConnectFailure(f"PGSQL connection failed: {message}")
        result = connection.exec_(query)
        if kept and connection.status != pq.ConnStatus.OK:
            connection.finish()
            continue
        break
    status = result.status
    if len(pool) < KEPT and connection.status == pq.ConnStatus.OK:
        pool.append(connection)
    else:
        connection.finish()
    if status == pq.ExecStatus.COMMAND_OK:
        return str(result.command_tuples or 0)
    if status == pq.ExecStatus.TUPLES_OK:
        return _rows(result)
    message = from_bytes(result.error_message).rstrip("\n")
    raise LookupDefer(f"PGSQL: query failed: {message} ({pq.ExecStatus(status).name}) ({from_bytes(query)})")


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
        pools: dict[bytes, list[Any]] = ctx.process.caches.setdefault("lookup.pgsql", {})

        def perform(server: str, text: str) -> str | None:
            conninfo = _conninfo(server)
            pool = pools.setdefault(conninfo, [])
            return ctx.process.ports.blocking(_ask, pool, conninfo, to_bytes(text))

        return ask(ctx, "pgsql", "PostgreSQL", ctx.process.main.pgsql_servers, query, options, perform)


PGSQL = Pgsql()
