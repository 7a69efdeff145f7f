"""Hints in SQLite files, one a database: `<spool>/db/<name>.sqlite`.

Write-ahead logging lets several processes read while one writes, and `synchronous=OFF` keeps every operation in
memory: a power cut may lose hints (a damaged file is thrown away), a crash of the program does not. Reading an
absent key takes some three microseconds. The names differ from Exim's own files, so a spool can go back and forth.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from .backend import Entry, Place

if TYPE_CHECKING:
    import sqlite3

SUFFIX = ".sqlite"
#: milliseconds to wait for another process's transaction (which take microseconds)
BUSY_TIMEOUT = 2000
_FILE_MODE = 0o640
_DIRECTORY_MODE = 0o750

_SCHEMA = "CREATE TABLE IF NOT EXISTS record (key BLOB PRIMARY KEY, value BLOB, time REAL) WITHOUT ROWID"
_GET = "SELECT value, time FROM record WHERE key = ?"
_PUT = "INSERT OR REPLACE INTO record VALUES (?, ?, ?)"
_DELETE = "DELETE FROM record WHERE key = ?"
_SCAN = "SELECT key, value, time FROM record WHERE key >= ? ORDER BY key"


class SqliteBackend:
    """See the module's docstring; the methods are those of `backend.Backend`."""

    __slots__ = ("_abandoned", "_directory", "_open", "_owner", "_panic", "_pid")

    def __init__(self, place: Place) -> None:
        self._directory = place.directory
        self._panic = place.panic
        self._owner = place.owner
        self._open: dict[str, sqlite3.Connection] = {}
        #: a parent process's connections, kept so that the garbage collector does not close them in a child
        self._abandoned: list[dict[str, sqlite3.Connection]] = []
        self._pid = os.getpid()

    def get(self, name: str, key: str) -> Entry | None:
        found = self._run(name, lambda db: db.execute(_GET, (key.encode("latin-1"),)).fetchone(), create=False)
        return None if found is None else Entry(found[0], found[1])

    def put(self, name: str, key: str, value: bytes, time: float) -> None:
        self._run(name, lambda db: db.execute(_PUT, (key.encode("latin-1"), value, time)), create=True)

    def delete(self, name: str, key: str) -> bool:
        raw = (key.encode("latin-1"),)

        def work(db: sqlite3.Connection) -> bool:
            # Most deletes (a delivery that worked at once) find nothing: do not take the write lock for them.
            if db.execute(_GET, raw).fetchone() is None:
                return False
            return db.execute(_DELETE, raw).rowcount > 0

        return bool(self._run(name, work, create=False))

    def update(self, name: str, key: str, time: float, change: Callable[[Entry | None], bytes | None]) -> None:
        raw = key.encode("latin-1")

        def work(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            try:
                found = db.execute(_GET, (raw,)).fetchone()
                value = change(None if found is None else Entry(found[0], found[1]))
                if value is not None:
                    db.execute(_PUT, (raw, value, time))
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

        self._run(name, work, create=True)

    def scan(self, name: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        raw = prefix.encode("latin-1")
        rows = self._run(name, lambda db: db.execute(_SCAN, (raw,)).fetchall(), create=False) or ()
        for key, value, time in rows:
            if not key.startswith(raw):
                return
            yield key.decode("latin-1"), Entry(value, time)

    def names(self) -> list[str]:
        try:
            files = os.listdir(self._directory)
        except OSError:
            return []
        return sorted(file.removesuffix(SUFFIX) for file in files if file.endswith(SUFFIX))

    def close(self) -> None:
        if self._pid == os.getpid():
            for connection in self._open.values():
                connection.close()
        self._open = {}

    # Opening, and what happens to trouble

    def _run(self, name: str, work: Callable[[sqlite3.Connection], Any], *, create: bool) -> Any:
        """Do `work` on a database; a damaged file is thrown away and `work` done on a new one."""
        db = self._connection(name, create=create)
        if db is None:
            return None
        import sqlite3

        try:
            return work(db)
        except sqlite3.OperationalError as error:
            # Locked for too long, no space, no permission: this hint is lost, the database is not.
            self._panic(f"hints database {self._path(name)}: {error}")
            return None
        except sqlite3.DatabaseError as error:
            self._discard(name, str(error))
        db = self._connection(name, create=create)
        if db is None:
            return None
        try:
            return work(db)
        except sqlite3.Error as error:
            self._panic(f"hints database {self._path(name)}: {error}")
            return None

    def _connection(self, name: str, *, create: bool) -> sqlite3.Connection | None:
        if self._pid != os.getpid():
            # A connection must not be used, nor closed, on the far side of a fork.
            self._abandoned.append(self._open)
            self._open = {}
            self._pid = os.getpid()
        db = self._open.get(name)
        if db is None:
            path = self._path(name)
            if not create and not os.path.exists(path):
                return None
            db = self._connect(name, path)
            if db is not None:
                self._open[name] = db
        return db

    def _connect(self, name: str, path: str) -> sqlite3.Connection | None:
        import sqlite3

        for attempt in (1, 2):
            try:
                self._make_file(path)
                return _opened(path)
            except (OSError, sqlite3.OperationalError) as error:
                self._panic(f"failed to open hints database {path}: {error}")
                return None
            except sqlite3.DatabaseError as error:
                if attempt == 2:
                    self._panic(f"failed to open hints database {path}: {error}")
                    return None
                self._discard(name, str(error))
        return None

    def _make_file(self, path: str) -> None:
        """Make the file ourselves, for its mode and owner; SQLite gives its side files the same."""
        if os.path.exists(path):
            return
        if not os.path.isdir(self._directory):
            os.makedirs(self._directory, _DIRECTORY_MODE, exist_ok=True)
            self._give(self._directory)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, _FILE_MODE))
        except FileExistsError:
            return
        self._give(path)

    def _give(self, path: str) -> None:
        if self._owner is not None and os.geteuid() == 0:
            os.chown(path, *self._owner, follow_symlinks=False)

    def _discard(self, name: str, why: str) -> None:
        path = self._path(name)
        self._panic(f"hints database {path} is damaged ({why}): starting a new one")
        db = self._open.pop(name, None)
        if db is not None:
            db.close()
        for suffix in ("", "-wal", "-shm"):
            try:
                os.unlink(path + suffix)
            except FileNotFoundError:
                pass

    def _path(self, name: str) -> str:
        # A transport's name is the only part that is not ours; it has no slash, but do not depend on it.
        return os.path.join(self._directory, name.replace("/", "_") + SUFFIX)


def _opened(path: str) -> sqlite3.Connection:
    """A connection to a database that has its table. Raises sqlite3.DatabaseError."""
    import sqlite3

    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT / 1000)
    deadline = monotonic() + BUSY_TIMEOUT / 1000
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=OFF")
            db.execute(_SCHEMA)
            return db
        except sqlite3.DatabaseError as error:
            # While another process changes a new file to write-ahead logging, SQLite does not wait but refuses.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                db.close()
                raise
        sleep(0.002)
