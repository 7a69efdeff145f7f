"""`sqlite` (manual 9.26). The file comes from the option `file=`, from `sqlite_dbfile`, or (old form) stands before
the query."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, TaintError
from eximia.base.pattern import pattern
from eximia.base.text import from_bytes, is_tainted, to_bytes

from .rows import format_rows
from .types import LookupDefer, Options, QueryStyle, option

if TYPE_CHECKING:
    import re

    from eximia.context import Context

#: a quoted text of SQL
_QUOTED = pattern(rb"'(?:[^']|'')*'")
_WANTED = pattern(r"The current statement uses (\d+),")


def _text(connection: sqlite3.Connection, value: object) -> str:
    """A value as SQLite's C interface gives it as text: up to the first zero byte."""
    if value is None:
        return "<NULL>"
    if isinstance(value, float):
        value = connection.execute("select cast(? as text)", (value,)).fetchone()[0]
    return from_bytes(value.partition(b"\0")[0]) if isinstance(value, bytes) else str(value)


def _statements(query: str) -> Iterator[str]:
    """The statements of a query, one by one."""
    begin = end = 0
    while (end := query.find(";", end) + 1) > 0:
        if sqlite3.complete_statement(query[begin:end]):
            yield query[begin:end]
            begin = end
    if query[begin:].strip():
        yield query[begin:]


def _execute(connection: sqlite3.Connection, statement: str) -> sqlite3.Cursor:
    """Run a statement. Parameters (`?`, `:name`) that nobody gives a value are NULL, as in SQLite's C interface."""
    try:
        return connection.execute(statement)
    except sqlite3.ProgrammingError as error:
        # Python wants a value for each, and tells how many there are only here.
        wanted = _WANTED.search(str(error))
        if wanted is None:
            raise
        return connection.execute(statement, (None,) * int(wanted[1]))


def _text_of(query: str) -> str:
    """The query as Python's interface wants it, which is UTF-8: texts of other bytes are given as those bytes."""
    data = to_bytes(query)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _QUOTED.sub(_as_bytes, data).decode("utf-8", "replace")


def _as_bytes(found: re.Match[bytes]) -> bytes:
    text = found[0]
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return b"CAST(X'%b' AS TEXT)" % text[1:-1].replace(b"''", b"'").hex().encode()
    return text


def _run(path: str, query: str, timeout: float) -> str | None:
    """Open, ask, close: what the file held a moment ago does not count. Raises sqlite3.Error; ExpansionError when it
    cannot be opened."""
    try:
        connection = sqlite3.connect(os.fsdecode(to_bytes(path)), timeout=timeout, isolation_level=None)
    except sqlite3.Error as error:
        raise ExpansionError(str(error)) from None
    try:
        connection.text_factory = bytes
        found: list[str] = []
        for statement in _statements(_text_of(query)):
            cursor = _execute(connection, statement)
            names = [from_bytes(column[0].encode("utf-8", "surrogateescape")) for column in cursor.description or ()]
            rows = format_rows(names, ([_text(connection, value) for value in row] for row in cursor))
            if rows is not None:
                found.append(rows)
        return "\n".join(found) if found else None
    finally:
        connection.close()


class Sqlite(QueryStyle):
    """Queries on SQLite files."""

    quoters = frozenset({"sqlite"})

    def quote(self, text: str, option: str | None) -> str | None:
        """See `LookupType.quote`."""
        return text.replace("'", "''") if option is None else None

    def changes(self, query: str, found: str | None) -> bool:
        """See `QueryStyle.changes`. As with Exim, whatever finds no rows counts."""
        return found is None

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""
        main = ctx.process.main
        path = option(options, "file") or ""
        if not path and query.lstrip().startswith("/"):
            tainted = is_tainted(query)
            path, _, query = query.lstrip().partition(" ")
            if tainted:
                raise TaintError(f"Tainted filename for search: '{path}'")
        path = path or main.sqlite_dbfile or ""
        if not path.startswith("/"):
            raise ExpansionError('absolute file name expected for "sqlite" lookup')
        timeout = float(main.sqlite_lock_timeout)
        try:
            return ctx.process.ports.blocking(_run, path, query, timeout)
        except sqlite3.Error as error:
            # Exim finds nothing then; but a locked file or a typing error must not look like "no such user".
            raise LookupDefer(str(error)) from None


SQLITE = Sqlite()
