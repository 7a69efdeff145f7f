"""`redis`: any command, its reply as text (manual 9.27). RESP over the network port; connections are kept.

A list of replies becomes lines; nothing found (nil, an empty list) is no result. A `MOVED` or `ASK` answer of a
cluster is followed. Commands that are answered at once share one connection of the worker; those that may wait, or
leave something behind in the connection, have one for themselves (`shared_redis`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eximia.base.errors import NetworkError, RemoteProtocolError
from eximia.base.pattern import pattern
from eximia.base.text import to_bytes
from eximia.protocols.resp import ReplyReader, command

from .pool import Pool, pool_for
from .servers import ConnectFailure, address_of, ask, old_form, split_host
from .shared_redis import QUICK, shared_with
from .types import LookupDefer, Options, QueryStyle

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Context

PORT = 6379
TIMEOUT = 5.0
#: redirections of one query
MOST_REDIRECTIONS = 5

_ASKING = command(b"ASKING")
_REDIRECTED = pattern(r"(MOVED|ASK) \d+ (.*):(\d+)\Z")


class Connection:
    """A stream and the reader of its replies."""

    __slots__ = ("reader", "stream")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.reader = ReplyReader()

    def command(self, *words: bytes) -> Any:
        """The reply. Raises NetworkError."""
        self.stream.send(command(*words))
        reader = self.reader
        while True:
            data = self.stream.recv(TIMEOUT)
            if not data:
                raise NetworkError("server closed the connection")
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
        return self.stream.pending()

    def close(self) -> None:
        self.stream.abort()


class Server:
    """`host[:port][/database[/password]]` or `(socket)[/...]`; `tls+` in front: inside TLS. A name before the bracket,
    as other databases have it, does not count."""

    __slots__ = ("database", "host", "key", "password", "path", "port", "tls")

    def __init__(self, spec: str) -> None:
        self.path = ""
        self.tls = spec.startswith("tls+")
        spec = spec.removeprefix("tls+")
        name, bracket, socket = spec.partition("(")
        if bracket and "/" not in name:
            self.path, _, rest = socket.partition(")")
            fields = rest.removeprefix("/").split("/", 1)
            self.host, self.port = "", 0
        else:
            head, _, rest = spec.partition("/")
            fields = rest.split("/", 1)
            self.host, self.port, _ = split_host(head, PORT)
        self.database = fields[0]
        self.password = fields[1] if len(fields) > 1 else ""
        self.key = _key(self)

    def moved(self, host: str, port: int) -> Server:
        """The server a cluster sends us to."""
        other = Server(f"{host}/{self.database}/{self.password}") if host else Server(self.host)
        other.port, other.password, other.database = port, self.password, self.database
        other.tls = self.tls
        other.key = _key(other)
        return other


def _key(server: Server) -> str:
    """What tells servers, and what is said to them at first, apart."""
    return f"{'tls+' * server.tls}{server.path or server.host}:{server.port}/{server.database}/{server.password}"


@lru_cache(maxsize=64)
def _server(spec: str) -> Server:
    return Server(spec)


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


#: commands that change nothing: only their results are kept
_READING = frozenset(
    b"BITCOUNT EXISTS GEODIST GEOPOS GET GETBIT GETRANGE HEXISTS HGET HGETALL HKEYS HLEN HMGET HSTRLEN HVALS KEYS "
    b"LINDEX LLEN LPOS LRANGE MGET SCARD SDIFF SINTER SISMEMBER SMEMBERS SMISMEMBER STRLEN SUNION TYPE ZCARD ZCOUNT "
    b"ZLEXCOUNT ZMSCORE ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYSCORE ZREVRANK ZSCORE".split()
)


def _text(reply: Any) -> str | None:
    """A reply as text."""
    if reply is None:
        return None
    if isinstance(reply, bytes):
        return str(reply, "latin-1")
    if isinstance(reply, list | set | tuple):
        parts = [_text(each) or "" for each in reply]
        return "\n".join(parts) if parts else None
    if isinstance(reply, dict):
        parts = [text or "" for pair in reply.items() for text in map(_text, pair)]
        return "\n".join(parts) if parts else None
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
        if "\\" not in text and len(text.split()) == 1 and not (text[0].isspace() or text[-1].isspace()):
            return text
        return "".join([f"\\{char}" if char.isspace() or char == "\\" else char for char in text])

    def changes(self, query: str, found: str | None) -> bool:
        """See `QueryStyle.changes`."""
        words = split_command(old_form(query, "Redis")[1])
        return not words or words[0].upper() not in _READING

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""

        def perform(server: str, text: str) -> str | None:
            return _run(ctx, _server(server), split_command(text))

        return ask(ctx, "redis", "Redis", ctx.process.main.redis_servers, query, options, perform)


def _run(ctx: Context, server: Server, words: list[bytes]) -> str | None:
    """Send the command, following redirections. Raises ConnectFailure, LookupDefer."""
    if not words:
        raise LookupDefer("empty Redis command")
    asking = False
    for _ in range(MOST_REDIRECTIONS):
        reply = _exchange(ctx, server, words, asking=asking)
        if not isinstance(reply, Exception):
            return _text(reply)
        redirected = _REDIRECTED.match(str(reply))
        if redirected is None:
            raise LookupDefer(f"REDIS: query failed: {reply}")
        asking = redirected.group(1) == "ASK"
        server = server.moved(redirected.group(2), int(redirected.group(3)))
    raise LookupDefer("REDIS: too many cluster redirections")


def _exchange(ctx: Context, server: Server, words: list[bytes], *, asking: bool) -> Any:
    """One command over the shared connection, or one kept for itself, or a new one. The reply; for an error an
    exception of `hiredis`."""
    if words[0].upper() in QUICK and not server.tls:
        shared = shared_with(ctx, server.key, lambda: connect(ctx, server), lambda: _pool(ctx, server.key), TIMEOUT)
        if shared is not None:
            try:
                if asking:
                    return shared.ask(_ASKING + command(*words), 1)
                return shared.ask(command(*words))
            except NetworkError as error:
                # It may have obeyed: what was sent is never sent again.
                raise ConnectFailure(f"REDIS: {error.message}") from None
    pool = _pool(ctx, server.key)

    def work(connection: Connection, words: list[bytes]) -> Any:
        if connection.closed:
            raise NetworkError("the server closed the connection")
        try:
            if asking:
                connection.command(b"ASKING")
            return connection.command(*words)
        except NetworkError as error:
            raise ConnectFailure(f"REDIS: {error.message}") from None

    try:
        return pool.use(lambda: connect(ctx, server), work, words)
    except NetworkError as error:
        raise ConnectFailure(f"REDIS: {error.message}") from None


def _pool(ctx: Context, key: str) -> Pool[Connection]:
    return pool_for(ctx, "redis", key, Connection.close)


def connect(ctx: Context, server: Server) -> Connection:
    """A new connection, authenticated and with its database selected. Raises ConnectFailure."""
    net = ctx.process.ports.net
    try:
        if server.path:
            stream = net.connect_unix(server.path, timeout=TIMEOUT)
        else:
            stream = net.connect(address_of(ctx, server.host, "REDIS"), server.port, timeout=TIMEOUT)
        if server.tls:
            from .tls import secure

            stream = secure(ctx, stream, server.host, TIMEOUT, trust=str(ctx.process.main.redis_ca_cert_file or ""))
    except NetworkError as error:
        raise ConnectFailure(f"REDIS connection failed: {error.message}") from None
    connection = Connection(stream)
    opening = [(b"AUTH", server.password), (b"SELECT", server.database)]
    try:
        for word, argument in opening:
            reply = connection.command(word, to_bytes(argument)) if argument else None
            if isinstance(reply, Exception):
                connection.close()
                raise ConnectFailure(f"REDIS: {word.decode()} failed: {reply}")
    except NetworkError as error:
        connection.close()
        raise ConnectFailure(f"REDIS: {error.message}") from None
    return connection


REDIS = Redis()
