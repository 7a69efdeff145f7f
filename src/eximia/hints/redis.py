"""Hints in Redis, shared by several servers: `redis://[[user]:password@]host[:port][/database]`, `rediss://` with TLS,
`redis:///path/of/socket`.

While the server is away hints are kept in SQLite files as without it: limits and caches then hold for each server
alone, and what is learned meanwhile is not taken over; a turn (`misc`) is given back where it was taken. The server is
tried again every few seconds; the panic log is told at most once a minute. A record is the string
`eximia:DATABASE:KEY` and goes when it was not written for 30 days.
"""

from __future__ import annotations

import os
import re
import struct
import time as clock
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from eximia.base.errors import ConfigError, NetworkError, RemoteProtocolError
from eximia.protocols.resp import ReplyReader, command

from .backend import REMOVED, Entry, Place, Server
from .sqlite import SqliteBackend

if TYPE_CHECKING:
    from eximia.base.ports import Stream

T = TypeVar("T")

_URL = re.compile(
    r"(rediss?)://(?:([^:@/]*)(?::([^@]*))?@)?(?:(\[[0-9A-Fa-f:.]+\]|[^:/]+)(?::(\d+))?(?:/(\d+)?)?|(/.+))\Z"
)
_PORT = 6379
_PREFIX = "eximia"
_LIFE = b"2592000"
#: seconds: for one answer, between attempts to reach a server that is away, between lines in the log
_TIMEOUT, _PAUSE, _SILENCE = 2.0, 3.0, 60.0
_KEPT = 8
_HEAD = struct.Struct("<d")
#: set a value (empty: remove it) if it is still what it was; else tell what it is now
_SWAP = b"""local now = redis.call('GET', KEYS[1])
if now == false then now = '' end
if now ~= ARGV[1] then return now end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
return false"""
_MOST_SWAPS = 1000


class RedisBackend:
    """See the module's docstring; the methods are those of `backend.Backend`."""

    __slots__ = (
        "_away_until", "_dial", "_host", "_idle", "_missed", "_opening", "_owed", "_panic", "_pid", "_server", "_shown",
        "_standby", "_taken", "_told", "_was_away",
    )  # fmt: skip

    def __init__(self, place: Place) -> None:
        found = _URL.match(place.where)
        if found is None or place.dial is None:
            raise ConfigError("hints_database: not the URL of a Redis server")
        scheme, user, password, host, port, database, path = found.groups()
        self._dial = place.dial
        self._server = Server(
            (host or "").strip("[]"), int(port or _PORT) if host else 0, path or "", tls=scheme == "rediss"
        )
        self._shown = path or f"{host}:{self._server.port}"
        #: commands of a new connection
        self._opening: list[bytes] = []
        if password is None and user:
            user, password = "", user
        if password:
            words = [user, password] if user else [password]
            self._opening.append(command(b"AUTH", *(word.encode("latin-1") for word in words)))
        if database and database != "0":
            self._opening.append(command(b"SELECT", database.encode()))
        self._host = place.host
        self._panic = place.panic
        self._standby = SqliteBackend(place)
        self._idle: list[_Connection] = []
        self._pid = os.getpid()
        self._away_until = 0.0
        self._was_away = False
        self._told = 0.0
        #: the log was told that the server is away
        self._missed = False
        #: how many turns were taken in the files, by key
        self._taken: dict[str, int] = {}
        #: turns to give back when the server is there again: database, key, time, change
        self._owed: list[tuple[str, str, float, Callable[[Entry | None], bytes | None]]] = []

    def get(self, name: str, key: str) -> Entry | None:
        def work(redis: _Connection) -> Entry | None:
            return _entry(redis.ask(b"GET", self._key(name, key)))

        return self._run(work, lambda: self._standby.get(name, key))

    def put(self, name: str, key: str, value: bytes, time: float) -> None:
        def work(redis: _Connection) -> None:
            redis.ask(b"SET", self._key(name, key), _HEAD.pack(time) + value, b"EX", _LIFE)

        self._run(work, lambda: self._standby.put(name, key, value, time))

    def delete(self, name: str, key: str) -> bool:
        def work(redis: _Connection) -> bool:
            return bool(redis.ask(b"DEL", self._key(name, key)))

        return self._run(work, lambda: self._standby.delete(name, key))

    def update(self, name: str, key: str, time: float, change: Callable[[Entry | None], bytes | None]) -> None:
        work = self._updating(name, key, time, change)
        self._run(work, lambda: self._update_here(name, key, time, change))

    def _updating(
        self, name: str, key: str, time: float, change: Callable[[Entry | None], bytes | None]
    ) -> Callable[[_Connection], None]:
        raw = self._key(name, key)

        def work(redis: _Connection) -> None:
            old = redis.ask(b"GET", raw) or b""
            for _ in range(_MOST_SWAPS):
                value = change(_entry(old))
                if value is None:
                    return
                new = b"" if value == REMOVED else _HEAD.pack(time) + value
                old = redis.ask(b"EVAL", _SWAP, b"1", raw, old, new, _LIFE)
                if old is None:
                    return
            raise NetworkError(f"the record {name} {key} never rests")

        return work

    def _update_here(self, name: str, key: str, time: float, change: Callable[[Entry | None], bytes | None]) -> None:
        taken = False

        def watched(entry: Entry | None) -> bytes | None:
            nonlocal taken
            value = change(entry)
            taken = value is not None
            return value

        self._standby.update(name, key, time, watched)
        if taken and name == "misc":
            self._taken[key] = self._taken.get(key, 0) + 1

    def settle(self, name: str, key: str, time: float, change: Callable[[Entry | None], bytes | None]) -> None:
        here = self._taken.pop(key, 0)
        if here:
            if here > 1:
                self._taken[key] = here - 1
            self._standby.update(name, key, time, change)
        else:
            self._settle_there(name, key, time, change)

    def _settle_there(self, name: str, key: str, time: float, change: Callable[[Entry | None], bytes | None]) -> None:
        self._run(self._updating(name, key, time, change), lambda: self._owed.append((name, key, time, change)))

    def scan(self, name: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        start = self._key(name, "")

        def work(redis: _Connection) -> list[tuple[str, Entry]]:
            found = []
            for raw in sorted(redis.keys(start + _literal(prefix.encode("latin-1")) + b"*")):
                entry = _entry(redis.ask(b"GET", raw))
                if entry is not None:
                    found.append((raw[len(start) :].decode("latin-1"), entry))
            return found

        yield from self._run(work, lambda: list(self._standby.scan(name, prefix)))

    def names(self) -> list[str]:
        own = f"@{self._host}"

        def work(redis: _Connection) -> list[str]:
            found = {raw.decode("latin-1").split(":")[1] for raw in redis.keys(f"{_PREFIX}:*".encode())}
            return sorted(name.removesuffix(own) for name in found if "@" not in name or name.endswith(own))

        return self._run(work, self._standby.names)

    def close(self) -> None:
        if self._pid == os.getpid():
            for connection in self._idle:
                connection.close()
        self._idle = []
        self._standby.close()

    def _key(self, name: str, key: str) -> bytes:
        # Which messages wait for a host is no other server's business.
        own = f"@{self._host}" if name.startswith("wait-") else ""
        return f"{_PREFIX}:{name}{own}:{key}".encode("latin-1")

    # The server, and what happens to trouble

    def _run(self, work: Callable[[_Connection], T], instead: Callable[[], T]) -> T:
        """Do `work` over a connection; while the server is away do `instead`."""
        if self._pid != os.getpid():
            # the parent's
            self._idle = []
            self._taken = {}
            self._owed = []
            self._pid = os.getpid()
        if self._away_until and clock.monotonic() < self._away_until:
            return instead()
        while True:
            kept = bool(self._idle)
            try:
                connection = self._idle.pop() if kept else self._connect()
            except (NetworkError, RemoteProtocolError) as error:
                self._lost(error.message)
                return instead()
            try:
                result = work(connection)
            except (NetworkError, RemoteProtocolError) as error:
                connection.close()
                if kept and not getattr(error, "timed_out", False):
                    continue
                self._lost(error.message)
                return instead()
            except BaseException:
                connection.close()
                raise
            if len(self._idle) < _KEPT:
                self._idle.append(connection)
            else:
                connection.close()
            if self._was_away:
                self._was_away = False
                self._away_until = 0.0
                if self._missed:
                    self._missed = False
                    self._panic(f"hints server {self._shown} is back")
            if self._owed:
                owed, self._owed = self._owed, []
                for each in owed:
                    self._settle_there(*each)
            return result

    def _connect(self) -> _Connection:
        connection = _Connection(self._dial(self._server, _TIMEOUT))
        try:
            for one in self._opening:
                connection.exchange(one)
        except BaseException:
            connection.close()
            raise
        return connection

    def _lost(self, why: str) -> None:
        now = clock.monotonic()
        self._away_until = now + _PAUSE
        self._was_away = True
        for connection in self._idle:
            connection.close()
        self._idle = []
        if not self._told or now - self._told >= _SILENCE:
            self._told = now
            self._missed = True
            self._panic(f"hints server {self._shown} is away: {why}; hints are kept on this host alone")


class _Connection:
    """A stream and the reader of its replies. Methods raise NetworkError and RemoteProtocolError."""

    __slots__ = ("_error", "_reader", "_stream")

    def __init__(self, stream: Stream) -> None:
        import hiredis

        self._stream = stream
        self._reader = ReplyReader()
        self._error = hiredis.ReplyError

    def ask(self, *words: bytes) -> Any:
        return self.exchange(command(*words))

    def exchange(self, data: bytes) -> Any:
        self._stream.send(data)
        reader = self._reader
        while (reply := reader.next()) is reader.MISSING:
            received = self._stream.recv(_TIMEOUT)
            if not received:
                raise NetworkError("connection closed")
            reader.feed(received)
        if isinstance(reply, self._error):
            raise RemoteProtocolError(str(reply))
        return reply

    def keys(self, pattern: bytes) -> set[bytes]:
        """All keys that match."""
        found: set[bytes] = set()
        at = b"0"
        while True:
            at, some = self.ask(b"SCAN", at, b"MATCH", pattern, b"COUNT", b"1000")
            found.update(some)
            if at == b"0":
                return found

    def close(self) -> None:
        self._stream.abort()


def _entry(data: bytes | None) -> Entry | None:
    if not data or len(data) < _HEAD.size:
        return None
    return Entry(data[_HEAD.size :], _HEAD.unpack_from(data)[0])


def _literal(text: bytes) -> bytes:
    """Without the meaning that characters have in patterns."""
    return re.sub(rb"([*?\[\]\\^])", rb"\\\1", text)
