"""`redis`: any command, its reply as text (manual 9.27). RESP over the network port; connections are kept.

A list of replies becomes lines; nothing found (nil, an empty list) is no result. A `MOVED` or `ASK` answer of a
cluster is followed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eximia.base.errors import NetworkError, RemoteProtocolError
from eximia.base.pattern import pattern
from eximia.base.text import from_bytes, to_bytes
from eximia.protocols.resp import ReplyReader, command

from .pool import pool_for
from .servers import ConnectFailure, ask, split_host
from .types import LookupDefer, Options, QueryStyle

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Context

PORT = 6379
TIMEOUT = 5.0
#: redirections of one query
MOST_REDIRECTIONS = 5

_REDIRECTED = pattern(r"(MOVED|ASK) \d+ (.*):(\d+)\Z")


class _Connection:
    """A stream and the reader of its replies."""

    __slots__ = ("_reader", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._reader = ReplyReader()

    def command(self, *words: bytes) -> Any:
        """The reply. Raises NetworkError."""
        self._stream.send(command(*words))
        reader = self._reader
        while True:
            data = self._stream.recv(TIMEOUT)
            if not data:
                raise NetworkError("Redis server closed the connection")
            reader.feed(data)
            try:
                reply = reader.next()
            except RemoteProtocolError as error:
                raise NetworkError(error.message) from None
            if reply is not reader.MISSING:
                return reply

    @property
    def closed(self) -> bool:
        """The server has ended it while it was idle."""
        return self._stream.pending()

    def close(self) -> None:
        self._stream.abort()


class _Server:
    """`host[:port][/database[/password]]` or `(socket)[/...]`; `tls+` in front: inside TLS."""

    __slots__ = ("database", "host", "password", "path", "port", "tls")

    def __init__(self, spec: str) -> None:
        self.path = ""
        self.tls = spec.startswith("tls+")
        spec = spec.removeprefix("tls+")
        if spec.startswith("("):
            self.path, _, rest = spec[1:].partition(")")
            fields = rest.removeprefix("/").split("/", 1)
            self.host, self.port = "", 0
        else:
            head, _, rest = spec.partition("/")
            fields = rest.split("/", 1)
            self.host, self.port, _ = split_host(head, PORT)
        self.database = fields[0]
        self.password = fields[1] if len(fields) > 1 else ""

    def moved(self, host: str, port: int) -> _Server:
        """The server a cluster sends us to."""
        other = _Server(f"{host}/{self.database}/{self.password}") if host else _Server(self.host)
        other.port, other.password, other.database = port, self.password, self.database
        other.tls = self.tls
        return other

    @property
    def key(self) -> str:
        return f"{'tls+' * self.tls}{self.path or self.host}:{self.port}/{self.database}/{self.password}"


@lru_cache(maxsize=64)
def _server(spec: str) -> _Server:
    return _Server(spec)


def split_command(query: str) -> list[bytes]:
    """The words of a command; a backslash takes the meaning of the next character away."""
    if "\\" not in query:
        return [to_bytes(word) for word in query.split()]
    words: list[str] = []
    word: list[str] | None = None
    at = 0
    while at < len(query):
        char = query[at]
        at += 1
        if char.isspace():
            if word is not None:
                words.append("".join(word))
                word = None
            continue
        if word is None:
            word = []
        if char == "\\" and at < len(query):
            char = query[at]
            at += 1
        word.append(char)
    if word is not None:
        words.append("".join(word))
    return [to_bytes(each) for each in words]


def _text(reply: Any) -> str | None:
    """A reply as text."""
    if reply is None:
        return None
    if isinstance(reply, list | set | tuple):
        parts = [_text(each) or "" for each in reply]
        return "\n".join(parts) if parts else None
    if isinstance(reply, dict):
        parts = [text or "" for pair in reply.items() for text in map(_text, pair)]
        return "\n".join(parts) if parts else None
    if isinstance(reply, bytes):
        return from_bytes(reply)
    if isinstance(reply, bool):
        return "1" if reply else "0"
    return str(reply)


class Redis(QueryStyle):
    """See the module's docstring."""

    quoters = frozenset({"redis"})

    def quote(self, text: str, option: str | None) -> str | None:
        """See `LookupType.quote`."""
        if option is not None:
            return None
        return "".join(f"\\{char}" if char.isspace() or char == "\\" else char for char in text)

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""

        def perform(server: str, text: str) -> str | None:
            return _run(ctx, _server(server), split_command(text))

        return ask(ctx, "redis", "Redis", ctx.process.main.redis_servers, query, options, perform)


def _run(ctx: Context, server: _Server, words: list[bytes]) -> str | None:
    """Send the command, following redirections. Raises ConnectFailure, LookupDefer."""
    import hiredis

    if not words:
        raise LookupDefer("empty Redis command")
    asking = False
    for _ in range(MOST_REDIRECTIONS):
        reply = _exchange(ctx, server, words, asking=asking)
        if not isinstance(reply, hiredis.ReplyError):
            return _text(reply)
        redirected = _REDIRECTED.match(str(reply))
        if redirected is None:
            raise LookupDefer(f"REDIS: query failed: {reply}")
        asking = redirected.group(1) == "ASK"
        server = server.moved(redirected.group(2), int(redirected.group(3)))
    raise LookupDefer("REDIS: too many cluster redirections")


def _exchange(ctx: Context, server: _Server, words: list[bytes], *, asking: bool) -> Any:
    """One command over a kept connection, or a new one."""

    def work(connection: _Connection) -> Any:
        if connection.closed:
            raise NetworkError("the server closed the connection")
        try:
            if asking:
                connection.command(b"ASKING")
            return connection.command(*words)
        except NetworkError as error:
            # It may have obeyed: what was sent is never sent again.
            raise ConnectFailure(f"REDIS: {error.message}") from None

    pool = pool_for(ctx, "redis", server.key, _Connection.close)
    try:
        return pool.use(lambda: _connect(ctx, server), work)
    except NetworkError as error:
        raise ConnectFailure(f"REDIS: {error.message}") from None


def _connect(ctx: Context, server: _Server) -> _Connection:
    """A new connection, authenticated and with its database selected. Raises ConnectFailure."""
    import hiredis

    net = ctx.process.ports.net
    try:
        if server.path:
            stream = net.connect_unix(server.path, timeout=TIMEOUT)
        else:
            stream = net.connect(_address(ctx, server.host), server.port, timeout=TIMEOUT)
        if server.tls:
            from .tls import secure

            stream = secure(ctx, stream, server.host, TIMEOUT, trust=str(ctx.process.main.redis_ca_cert_file or ""))
    except NetworkError as error:
        raise ConnectFailure(f"REDIS connection failed: {error.message}") from None
    connection = _Connection(stream)
    opening = [(b"AUTH", server.password), (b"SELECT", server.database)]
    try:
        for word, argument in opening:
            reply = connection.command(word, to_bytes(argument)) if argument else None
            if isinstance(reply, hiredis.ReplyError):
                connection.close()
                raise ConnectFailure(f"REDIS: {word.decode()} failed: {reply}")
    except NetworkError as error:
        connection.close()
        raise ConnectFailure(f"REDIS: {error.message}") from None
    return connection


def _address(ctx: Context, host: str) -> str:
    """The address of a host name."""
    from eximia.dns.hosts import addresses_by_name

    found = addresses_by_name(ctx, host)
    if not found.addresses:
        raise ConnectFailure(f"REDIS: no address found for {host}")
    return next((each for each in found.addresses if ":" not in each), found.addresses[0])


REDIS = Redis()
