"""Hints in SQLite files, one a database: `<spool>/db/<name>.sqlite`.

Write-ahead logging lets several processes read while one writes, and `synchronous=OFF` keeps every operation in
memory: a power cut may lose hints (a damaged file is thrown away), a crash of the program does not. Reading an
absent key takes some three microseconds. A file that was removed or replaced is noticed after a second. The names
differ from Exim's own files, so a spool can go back and forth.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from .backend import REMOVED, Entry, Place
from .place import alone_in, identity_of, make_folder

if TYPE_CHECKING:
    import sqlite3

SUFFIX = ".sqlite"
#: milliseconds to wait for another process's transaction (which take microseconds)
BUSY_TIMEOUT = 2000
_FILE_MODE = 0o640
#: seconds for which a file is believed to have its name still
_RECHECK = 1.0

_SCHEMA = "CREATE TABLE IF NOT EXISTS record (key BLOB PRIMARY KEY, value BLOB, time REAL) WITHOUT ROWID"
_GET = "SELECT value, time FROM record WHERE key = ?"
_PUT = "INSERT OR REPLACE INTO record VALUES (?, ?, ?)"
_DELETE = "DELETE FROM record WHERE key = ?"
_SCAN = "SELECT key, value, time FROM record WHERE key >= ? ORDER BY key"


class _Open:
    """A connection, and which file it is of."""

    __slots__ = ("checked", "db", "identity")

    def __init__(self, db: sqlite3.Connection, identity: tuple[int, int] | None) -> None:
        self.db = db
        self.identity = identity
        self.checked = monotonic()


class SqliteBackend:
    """See the module's docstring; the methods are those of `backend.Backend`."""

    __slots__ = ("_abandoned", "_directory", "_open", "_owner", "_panic", "_pid")

    def __init__(self, place: Place) -> None:
        self._directory = place.directory
        self._panic = place.panic
        self._owner = place.owner
        self._open: dict[str, _Open] = {}
        #: a parent process's connections, kept so that the garbage collector does not close them in a child
        self._abandoned: list[dict[str, _Open]] = []
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
                    if value == REMOVED:
                        db.execute(_DELETE, (raw,))
                    else:
                        db.execute(_PUT, (raw, value, time))
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

        self._run(name, work, create=True)

    def settle(self, name: str, key: str, time: float, change: Callable[[Entry | None], bytes | None]) -> None:
        self.update(name, key, time, change)

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
            for opened in self._open.values():
                opened.db.close()
        self._open = {}

    # Opening, and what happens to trouble

    def _run(self, name: str, work: Callable[[sqlite3.Connection], Any], *, create: bool) -> Any:
        """Do `work` on a database; a damaged file is thrown away and `work` done on a new one."""
        opened = self._connection(name, create=create)
        if opened is None:
            return None
        import sqlite3

        try:
            return work(opened.db)
        except sqlite3.OperationalError as error:
            if identity_of(self._path(name)) == opened.identity:
                # Locked for too long, no space, no permission: this hint is lost, the database is not.
                self._panic(f"hints database {self._path(name)}: {error}")
                return None
            self._shut(name)  # it was removed or replaced
        except sqlite3.DatabaseError as error:
            self._discard(name, opened, str(error))
        opened = self._connection(name, create=create)
        if opened is None:
            return None
        try:
            return work(opened.db)
        except sqlite3.Error as error:
            self._panic(f"hints database {self._path(name)}: {error}")
            return None

    def _connection(self, name: str, *, create: bool) -> _Open | None:
        if self._pid != os.getpid():
            # A connection must not be used, nor closed, on the far side of a fork.
            self._abandoned.append(self._open)
            self._open = {}
            self._pid = os.getpid()
        opened = self._open.get(name)
        if opened is not None:
            now = monotonic()
            if now - opened.checked < _RECHECK:
                return opened
            if identity_of(self._path(name)) == opened.identity:
                opened.checked = now
                return opened
            self._shut(name)
        path = self._path(name)
        if not create and not os.path.exists(path):
            return None
        opened = self._connect(path)
        if opened is not None:
            self._open[name] = opened
        return opened

    def _connect(self, path: str) -> _Open | None:
        import sqlite3

        try:
            make_folder(self._directory, self._owner)
            with alone_in(self._directory):
                try:
                    return self._opened(path)
                except sqlite3.OperationalError:
                    raise
                except sqlite3.DatabaseError as error:
                    self._throw_away(path, str(error))
                return self._opened(path)
        except (OSError, sqlite3.DatabaseError) as error:
            self._panic(f"failed to open hints database {path}: {error}")
            return None

    def _opened(self, path: str) -> _Open:
        """Raises OSError, sqlite3.DatabaseError."""
        self._make_file(path)
        return _Open(_open(path), identity_of(path))

    def _make_file(self, path: str) -> None:
        """Make the file ourselves, for its mode and owner; SQLite gives its side files the same."""
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, _FILE_MODE))
        except FileExistsError:
            return
        if self._owner is not None and os.geteuid() == 0:
            os.chown(path, *self._owner, follow_symlinks=False)

    def _shut(self, name: str) -> None:
        opened = self._open.pop(name, None)
        if opened is not None:
            opened.db.close()

    def _discard(self, name: str, opened: _Open, why: str) -> None:
        """Throw a damaged file away, unless another process did so already."""
        path = self._path(name)
        try:
            with alone_in(self._directory):
                if identity_of(path) == opened.identity:
                    self._throw_away(path, why)
        except OSError as error:
            self._panic(f"hints database {path}: {error}")
        self._shut(name)  # not before: a new file could get the number of this one

    def _throw_away(self, path: str, why: str) -> None:
        self._panic(f"hints database {path} is damaged ({why}): starting a new one")
        for suffix in ("-wal", "-shm", ""):
            try:
                os.unlink(path + suffix)
            except FileNotFoundError:
                pass

    def _path(self, name: str) -> str:
        # A transport's name is the only part that is not ours; it has no slash, but do not depend on it.
        return os.path.join(self._directory, name.replace("/", "_") + SUFFIX)


def _open(path: str) -> sqlite3.Connection:
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
