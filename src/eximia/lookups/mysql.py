"""`mysql`: queries on MySQL and MariaDB (manual 9.21 to 9.24); connections are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.text import from_bytes, to_bytes

from .rows import format_rows
from .servers import ConnectFailure, ask, escape_sql, split_host
from .types import LookupDefer, Options, QueryStyle

if TYPE_CHECKING:
    from eximia.context import Context

PORT = 3306
KEPT = 4
_SOCKET = "/var/run/mysqld/mysqld.sock"


def _arguments(spec: str) -> dict[str, Any]:
    """The connection that `host:port(socket)[group]/database/user/password` describes. Raises LookupDefer."""
    fields = spec.split("/") if "(" not in spec else _fields_after_socket(spec)
    if len(fields) != 4:
        raise LookupDefer(f"incomplete MySQL server data: {fields[0]}")
    head, database, user, password = fields
    group = ""
    if head.endswith("]") and "[" in head:
        head, _, group = head[:-1].rpartition("[")
    host, port, socket = split_host(head, PORT)
    arguments: dict[str, Any] = {
        "user": user,
        "password": password,
        "database": database or None,
        "port": port,
        "connect_timeout": 10,
        "charset": "latin1",
        "use_unicode": False,
        "conv": {},
        "autocommit": True,
        "read_default_group": group or "exim",
    }
    if host in ("", "localhost"):
        arguments["unix_socket"] = socket or _SOCKET
        arguments["host"] = "localhost"
    else:
        arguments["host"] = host
    return arguments


def _fields_after_socket(spec: str) -> list[str]:
    """The fields; slashes in the brackets of a socket are no separators."""
    head, _, rest = spec.partition(")")
    tail, _, fields = rest.partition("/")
    return [f"{head}){tail}", *fields.split("/")]


def _ask(pool: list[Any], arguments: dict[str, Any], query: str) -> str | None:
    """Run the query over a kept or a new connection; in a thread of its own. Raises ConnectFailure, LookupDefer."""
    import pymysql

    connection: Any
    while True:
        kept = bool(pool)
        try:
            connection = pool.pop() if kept else pymysql.connect(**arguments)
        except pymysql.err.MySQLError as error:
            raise ConnectFailure(f"MYSQL connection failed: {error.args[-1]}") from None
        try:
            with connection.cursor() as cursor:
                cursor.execute(to_bytes(query))
                columns = cursor.description
                if columns is None:
                    result: str | None = str(cursor.rowcount)
                else:
                    names = [str(column[0]) for column in columns]
                    rows = [[_value(value) for value in row] for row in cursor.fetchall()]
                    result = format_rows(names, rows)
        except (pymysql.err.OperationalError, pymysql.err.InterfaceError) as error:
            connection.close()
            if kept and error.args and error.args[0] in (0, 2006, 2013):
                continue
            raise LookupDefer(f"MYSQL: query failed: {error.args[-1]}") from None
        except pymysql.err.MySQLError as error:
            connection.close()
            raise LookupDefer(f"MYSQL: query failed: {error.args[-1]}") from None
        if len(pool) < KEPT:
            pool.append(connection)
        else:
            connection.close()
        return result


def _value(value: Any) -> str | None:
    if value is None:
        return None
    return from_bytes(value) if isinstance(value, bytes) else str(value)


class Mysql(QueryStyle):
    """See the module's docstring."""

    quoters = frozenset({"mysql"})

    def quote(self, text: str, option: str | None) -> str | None:
        """See `LookupType.quote`."""
        return escape_sql(text, doubled_quote=False) if option is None else None

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""
        pools: dict[str, list[Any]] = ctx.process.caches.setdefault("lookup.mysql", {})

        def perform(server: str, text: str) -> str | None:
            return ctx.process.ports.blocking(_ask, pools.setdefault(server, []), _arguments(server), text)

        return ask(ctx, "mysql", "MySQL", ctx.process.main.mysql_servers, query, options, perform)


MYSQL = Mysql()
