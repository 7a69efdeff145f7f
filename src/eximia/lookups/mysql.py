"""`mysql`: queries on MySQL and MariaDB (manual 9.21 to 9.24); connections are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import NetworkError
from eximia.base.readiness import is_readable
from eximia.base.text import from_bytes, to_bytes

from .pool import pool_for
from .rows import format_rows
from .servers import ConnectFailure, ask, escape_sql, split_host
from .types import LookupDefer, Options, QueryStyle

if TYPE_CHECKING:
    from eximia.context import Context

PORT = 3306
#: error codes of the client: the server has gone away, was lost while it answered, the connection is closed
_GONE = (0, 2006, 2013)
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
        "read_timeout": 60,
        "write_timeout": 60,
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


def _connect(arguments: dict[str, Any]) -> Any:
    """In a thread. Raises ConnectFailure."""
    import pymysql

    try:
        return pymysql.connect(**arguments)
    except pymysql.err.MySQLError as error:
        raise ConnectFailure(f"MYSQL connection failed: {error.args[-1]}") from None


def _run(connection: Any, query: str) -> str | None:
    """In a thread. Raises LookupDefer, and NetworkError when the server closed the connection before: what was sent is
    never sent again, for it may have been obeyed."""
    import pymysql

    if is_readable(connection._sock.fileno()):  # noqa: SLF001 - there is no public way to ask
        raise NetworkError("MYSQL: the server closed the connection")
    try:
        with connection.cursor() as cursor:
            cursor.execute(to_bytes(query))
            columns = cursor.description
            if columns is None:
                return str(cursor.rowcount)
            names = [str(column[0]) for column in columns]
            return _rows(names, [[_value(value) for value in row] for row in cursor.fetchall()])
    except pymysql.err.MySQLError as error:
        message = f"MYSQL: query failed: {error.args[-1] if error.args else error}"
        if error.args and error.args[0] in _GONE:
            raise _Lost(message) from None
        raise LookupDefer(f"{message}\n") from None


def _rows(names: list[str], rows: list[list[str | None]]) -> str | None:
    """As text; one column that is NULL in every row is nothing found, and rows before the first value are left out."""
    if len(names) == 1:
        while rows and rows[0][0] is None:
            del rows[0]
    return format_rows(names, rows, "")


class _Lost(LookupDefer):
    """The connection cannot be used any more."""


def _close(connection: Any) -> None:
    """Without a farewell that would have to wait."""
    connection._force_close()  # noqa: SLF001 - `close` sends QUIT and may block


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
        blocking = ctx.process.ports.blocking

        def perform(server: str, text: str) -> str | None:
            arguments = _arguments(server)
            pool = pool_for(ctx, "mysql", server, _close)
            try:
                found: str | None = pool.use(
                    lambda: blocking(_connect, arguments),
                    lambda connection, text: blocking(_run, connection, text),
                    text,
                )
            except NetworkError as error:
                raise LookupDefer(error.message) from None
            return found

        return ask(ctx, "mysql", "MySQL", ctx.process.main.mysql_servers, query, options, perform)


MYSQL = Mysql()
