"""Hints in one LMDB environment, `<spool>/db/hints.lmdb` or the directory that `hints_database = lmdb:DIRECTORY` names.

One writer at a time over all processes, any number of readers; nothing is synced: a power cut may lose hints. An
environment that was removed or replaced is noticed after a second.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import blake2b
from time import monotonic
from typing import TYPE_CHECKING, Any

from .backend import REMOVED, Entry, Place
from .place import alone_in, identity_of, make_folder

if TYPE_CHECKING:
    import lmdb

_MAP_SIZE = 1 << 30
_MOST_READERS = 1024
#: seconds for which the environment is believed to be in its place still
_RECHECK = 1.0
_FILE_MODE = 0o640
#: what LMDB takes as a key, less the digest
_LONGEST_KEY = 500 - 16
#: time of writing and length of the key; then the key and the value
_HEAD = struct.Struct("<dI")


class LmdbBackend:
    """See the module's docstring; the methods are those of `backend.Backend`."""

    __slots__ = ("_checked", "_data", "_directory", "_environment", "_identity", "_owner", "_panic", "_pid")

    def __init__(self, place: Place) -> None:
        self._directory = place.where or os.path.join(place.directory, "hints.lmdb")
        self._data = os.path.join(self._directory, "data.mdb")
        #: which file the environment is of, and when that was looked at last
        self._identity: tuple[int, int] | None = None
        self._checked = 0.0
        self._panic = place.panic
        self._owner = place.owner
        self._environment: lmdb.Environment | None = None
        self._pid = os.getpid()

    def get(self, name: str, key: str) -> Entry | None:
        def work(txn: Any) -> Entry | None:
            return _entry(txn.get(_key(name, key)))

        found: Entry | None = self._run(work, write=False)
        return found

    def put(self, name: str, key: str, value: bytes, time: float) -> None:
        self._run(lambda txn: txn.put(_key(name, key), _value(key, value, time)), write=True)

    def delete(self, name: str, key: str) -> bool:
        if self.get(name, key) is None:
            return False
        return bool(self._run(lambda txn: txn.delete(_key(name, key)), write=True))

    def update(self, name: str, key: str, time: float, change: Callable[[Entry | None], bytes | None]) -> None:
        raw = _key(name, key)

        def work(txn: Any) -> None:
            value = change(_entry(txn.get(raw)))
            if value == REMOVED:
                txn.delete(raw)
            elif value is not None:
                txn.put(raw, _value(key, value, time))

        self._run(work, write=True)

    def settle(self, name: str, key: str, time: float, change: Callable[[Entry | None], bytes | None]) -> None:
        self.update(name, key, time, change)

    def scan(self, name: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        start = name.encode("latin-1") + b"\0"

        def work(txn: Any) -> list[tuple[str, Entry]]:
            cursor = txn.cursor()
            found = []
            more = cursor.set_range(start)
            while more and cursor.key().startswith(start):
                entry = _entry(cursor.value())
                key = _full_key(cursor.value())
                if entry is not None and key.startswith(prefix):
                    found.append((key, entry))
                more = cursor.next()
            return sorted(found, key=lambda each: each[0])

        yield from self._run(work, write=False) or ()

    def names(self) -> list[str]:
        def work(txn: Any) -> list[str]:
            cursor = txn.cursor()
            found = []
            more = cursor.first()
            while more:
                name, _, _ = cursor.key().partition(b"\0")
                found.append(name.decode("latin-1"))
                more = cursor.set_range(name + b"\1")
            return sorted(found)

        found: list[str] = self._run(work, write=False) or []
        return found

    def close(self) -> None:
        if self._environment is not None and self._pid == os.getpid():
            self._environment.close()
        self._environment = None

    # Opening, and what happens to trouble

    def _run(self, work: Callable[[Any], Any], *, write: bool) -> Any:
        import lmdb

        for attempt in (1, 2):
            try:
                environment = self._open(create=write)
                if environment is None:
                    return None
                with environment.begin(write=write) as txn:
                    return work(txn)
            except lmdb.MapResizedError:
                # Another process has a bigger one; a transaction tells, and a new opening takes it over.
                self.close()
            except (lmdb.ReadersFullError, lmdb.MapFullError) as error:
                # Opening it again frees what processes hold that were killed.
                self.close()
                if attempt == 2:
                    self._panic(f"hints database {self._directory}: {error}")
                    return None
            except _damages() as error:
                self._discard(str(error))
            except (lmdb.Error, OSError) as error:
                self._panic(f"hints database {self._directory}: {error}")
                return None
            if attempt == 2:
                self._panic(f"hints database {self._directory} cannot be used")
        return None

    def _open(self, *, create: bool) -> lmdb.Environment | None:
        if self._pid != os.getpid():
            # An environment must not be used on the far side of a fork. The library leaves the parent's alone when it
            # is told to close it here, and opens no other while it thinks that this one is open.
            if self._environment is not None:
                self._environment.close()
            self._environment = None
            self._pid = os.getpid()
        if self._environment is not None:
            now = monotonic()
            if now - self._checked < _RECHECK:
                return self._environment
            self._checked = now
            if identity_of(self._data) == self._identity:
                return self._environment
            self.close()
        if not os.path.exists(self._data) and not create:
            return None
        make_folder(self._directory, self._owner)
        with alone_in(self._directory):
            self._environment = self._opened()
        return self._environment

    def _opened(self) -> lmdb.Environment:
        """Raises OSError, lmdb.Error."""
        try:
            environment = self._opened_as_it_is()
        except _damages() as error:
            self._throw_away(str(error))
            environment = self._opened_as_it_is()
        self._identity = identity_of(self._data)
        self._checked = monotonic()
        if self._owner is not None and os.geteuid() == 0:
            for name in ("data.mdb", "lock.mdb"):
                os.chown(os.path.join(self._directory, name), *self._owner, follow_symlinks=False)
        environment.reader_check()
        return environment

    def _opened_as_it_is(self) -> lmdb.Environment:
        import lmdb

        return lmdb.open(
            self._directory, map_size=_MAP_SIZE, mode=_FILE_MODE, sync=False, metasync=False, max_readers=_MOST_READERS
        )

    def _discard(self, why: str) -> None:
        """Throw a damaged environment away, unless another process did so already."""
        try:
            with alone_in(self._directory):
                if identity_of(self._data) == self._identity:
                    self._throw_away(why)
        except OSError as error:
            self._panic(f"hints database {self._directory}: {error}")
        self.close()  # not before: a new file could get the number of this one

    def _throw_away(self, why: str) -> None:
        self._panic(f"hints database {self._directory} is damaged ({why}): starting a new one")
        for name in ("data.mdb", "lock.mdb"):
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(self._directory, name))


def _damages() -> tuple[type[Exception], ...]:
    import lmdb

    return lmdb.CorruptedError, lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.PageNotFoundError


def _key(name: str, key: str) -> bytes:
    raw = name.encode("latin-1") + b"\0" + key.encode("latin-1")
    if len(raw) > _LONGEST_KEY:
        raw = raw[:_LONGEST_KEY] + blake2b(raw, digest_size=16).digest()
    return raw


def _value(key: str, value: bytes, time: float) -> bytes:
    raw = key.encode("latin-1")
    return _HEAD.pack(time, len(raw)) + raw + value


def _entry(data: bytes | None) -> Entry | None:
    if data is None or len(data) < _HEAD.size:
        return None
    time, length = _HEAD.unpack_from(data)
    return Entry(bytes(data[_HEAD.size + length :]), time)


def _full_key(data: bytes) -> str:
    _, length = _HEAD.unpack_from(data)
    return data[_HEAD.size : _HEAD.size + length].decode("latin-1")
