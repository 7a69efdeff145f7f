"""`sqlite` (manual 9.26). The file comes from the option `file=`, from `sqlite_dbfile`, or (old form) stands before
the query."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, TaintError
from eximia.base.text import from_bytes, is_tainted, to_bytes

from .rows import format_rows
from .types import LookupDefer, Options, QueryStyle, option

if TYPE_CHECKING:
    from eximia.context import Context


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return from_bytes(value)
    return str(value)


def _run(path: str, query: str, timeout: float) -> str | None:
    """Open, ask, close: what the file held a moment ago does not count. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=timeout, isolation_level=None)
    try:
        connection.text_factory = bytes
        cursor = connection.execute(to_bytes(query).decode("utf-8", "surrogateescape"))
        names = [column[0] for column in cursor.description or ()]
        return format_rows(names, ([_text(value) for value in row] for row in cursor))
    finally:
        connection.close()


class Sqlite(QueryStyle):
    """Queries on SQLite files."""

    quoters = frozenset({"sqlite"})

    def quote(self, text: str, option: str | None) -> str | None:
        """See `LookupType.quote`."""
        return text.replace("'", "''") if option is None else None

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""
        main = ctx.process.main
        path = option(options, "file") or main.sqlite_dbfile or ""
        if not path:
            tainted = is_tainted(query)
            head, _, query = query.lstrip().partition(" ")
            if head.startswith("/") and tainted:
                raise TaintError(f"Tainted filename for search: '{head}'")
            path = head
        if not path.startswith("/"):
            raise ExpansionError('absolute file name expected for "sqlite" lookup')
        timeout = float(main.sqlite_lock_timeout)
        try:
            return ctx.process.ports.blocking(_run, path, query, timeout)
        except sqlite3.Error as error:
            raise LookupDefer(str(error)) from None


SQLITE = Sqlite()
