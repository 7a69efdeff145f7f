"""`mysql`: queries on MySQL and MariaDB (manual 9.21 to 9.24); connections are kept."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from eximia.base.errors import NetworkError
from eximia.base.text import from_bytes, to_bytes

from .mysql_stream import StreamSocket, TlsContext
from .pool import pool_for
from .rows import format_rows
from .servers import ConnectFailure, address_of, ask, check_fields, escape_sql, only_reads, split_host
from .types import LookupDefer, Options, QueryStyle

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Context

PORT = 3306
#: seconds for a connection, and for each answer
CONNECT_TIMEOUT, TIMEOUT = 10, 60
#: error codes of the client: the server has gone away, was lost while it answered, the connection is closed
_GONE = (0, 2006, 2013)
_SOCKET = "/var/run/mysqld/mysqld.sock"


def _arguments(spec: str) -> dict[str, Any]:
    """The connection that `host:port(socket)[group]/database/user/password` describes. Raises LookupDefer."""
    fields = spec.split("/") if "(" not in spec else _fields_after_socket(spec)
    check_fields("MySQL", fields)
    head, database, user, password = fields
    group = ""
    if head.endswith("]") and "[" in head:
        head, _, group = head[:-1].rpartition("[")
    host, port, socket = split_host(head, PORT)
    arguments: dict[str, Any] = {
        "user": to_bytes(user),
        "password": to_bytes(password),
        "database": to_bytes(database) or None,
        "port": port,
        "connect_timeout": CONNECT_TIMEOUT,
        "read_timeout": TIMEOUT,
        "write_timeout": TIMEOUT,
        "charset": "utf8mb4",  # as MariaDB's library, which Exim uses
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


class Connection:
    """A connection of PyMySQL over our stream."""

    __slots__ = ("_socket", "_wire")

    def __init__(self, wire: Any, socket: StreamSocket) -> None:
        self._wire = wire
        self._socket = socket

    def ask(self, query: str) -> str | None:
        """Raises LookupDefer, and NetworkError when the server closed the connection before: what was sent is never
        sent again, for it may have been obeyed."""
        if self._socket.pending():
            raise NetworkError("MYSQL: the server closed the connection")
        return _run(self._wire, query)

    def close(self) -> None:
        """Without a farewell that would have to wait."""
        self._wire._force_close()  # noqa: SLF001 - `close` sends QUIT and may block


def _connect(ctx: Context, arguments: dict[str, Any]) -> Connection:
    """Raises ConnectFailure."""
    import pymysql

    wire = pymysql.Connection(**arguments, defer_connect=True)
    socket = StreamSocket(_dial(ctx, wire))
    if wire.ssl:
        wire.ctx = TlsContext(wire.ctx)
    # What PyMySQL itself notes of a Unix socket: passwords may go over it.
    wire._secure = bool(wire.unix_socket)  # noqa: SLF001
    try:
        wire.connect(socket)
    except pymysql.err.MySQLError as error:
        raise ConnectFailure(f"MYSQL connection failed: {error.args[-1]}") from None
    return Connection(wire, socket)


def _dial(ctx: Context, wire: Any) -> Stream:
    """A stream to the server. Raises ConnectFailure in the words of MariaDB's library."""
    net = ctx.process.ports.net
    try:
        if wire.unix_socket:
            return net.connect_unix(wire.unix_socket, timeout=CONNECT_TIMEOUT)
        return net.connect(address_of(ctx, wire.host, "MYSQL connection failed"), wire.port, timeout=CONNECT_TIMEOUT)
    except NetworkError as error:
        if wire.unix_socket:
            where = f"local server through socket '{wire.unix_socket}' ({error.errno})"
        else:
            # MariaDB's library tells of the state of the socket, not of what became of it.
            where = f"server on '{wire.host}' ({errno.ETIMEDOUT if error.timed_out else errno.EINPROGRESS})"
        raise ConnectFailure(f"MYSQL connection failed: Can't connect to {where}") from None


def _run(connection: Any, query: str) -> str | None:
    """Raises LookupDefer."""
    import pymysql

    if not query:
        return None  # as MariaDB's library, which has no result of it

    try:
        with connection.cursor() as cursor:
            cursor.execute(to_bytes(query))
            columns = cursor.description
            if columns is None:
                return str(cursor.rowcount)
            names = [str(column[0]).encode("utf-8", "surrogateescape").decode("latin-1") for column in columns]
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

    def changes(self, query: str, found: str | None) -> bool:
        """See `QueryStyle.changes`."""
        return not only_reads(query)

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""

        def perform(server: str, text: str) -> str | None:
            arguments = _arguments(server)
            pool = pool_for(ctx, "mysql", server, Connection.close)
            try:
                return pool.use(lambda: _connect(ctx, arguments), Connection.ask, text)
            except NetworkError as error:
                raise LookupDefer(error.message) from None

        return ask(ctx, "mysql", "MySQL", ctx.process.main.mysql_servers, query, options, perform)


MYSQL = Mysql()
