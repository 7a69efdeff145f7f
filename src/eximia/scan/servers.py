"""Reaching the daemons of content scanners: `host port[-port]` or the path of a Unix socket."""

from __future__ import annotations

import os

from eximia.base.errors import NetworkError
from eximia.base.namedtuple import NamedTuple
from eximia.base.ports import Stream
from eximia.context import Context
from eximia.dns.hosts import addresses_by_name

_MOST = 1 << 20


class ScanError(Exception):
    """A scan has no result. `message` is for the log; `where` names the daemon; `quiet`: it is in the log already."""

    def __init__(self, message: str, where: str = "", *, quiet: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.quiet = quiet


class Server(NamedTuple):
    """A daemon: a path, or a host with ports to be tried in order."""

    host: str
    ports: tuple[int, ...] = ()

    @property
    def shown(self) -> str:
        return f"[{self.host}]:{self.ports[0]}" if self.ports else self.host


def read_server(text: str) -> tuple[Server, list[str]]:
    """The server of a space-separated specification, and the words after it. Raises ScanError."""
    words = text.split()
    if not words:
        raise ScanError("no server")
    if words[0].startswith("/"):
        return Server(words[0]), words[1:]
    if len(words) < 2:
        raise ScanError(f"missing port: '{text}'")
    low, dash, high = words[1].partition("-")
    if not low.isdigit() or (dash and not high.isdigit()):
        raise ScanError(f"bad port: '{words[1]}'")
    return Server(words[0], tuple(range(int(low), int(high or low) + 1))), words[2:]


def connect(ctx: Context, server: Server, timeout: float, retry: float = 0) -> Stream:
    """A connection; `$callout_address` says where to. With `retry`, once more after so many seconds. Raises
    ScanError."""
    try:
        return _connect(ctx, server, timeout)
    except ScanError:
        if not retry:
            raise
    ctx.process.ports.clock.sleep(retry)
    return _connect(ctx, server, timeout)


def _connect(ctx: Context, server: Server, timeout: float) -> Stream:
    net = ctx.process.ports.net
    if not server.ports:
        try:
            stream = net.connect_unix(server.host, timeout=timeout)
        except NetworkError as error:
            raise ScanError(
                f"unable to connect to UNIX socket ({server.host}): {reason(error)}", server.host
            ) from error
        ctx.session.notes["callout_address"] = server.host
        return stream
    addresses = addresses_by_name(ctx, server.host).addresses
    if not addresses:
        raise ScanError(f"no IP address found for host {server.host}", server.shown)
    why = ""
    for address in addresses:
        for port in server.ports:
            try:
                stream = net.connect(address, port, timeout=timeout)
            except NetworkError as error:
                why = reason(error)
                continue
            ctx.session.notes["callout_address"] = f"[{address}]:{port}"
            return stream
    raise ScanError(f"failed to connect to any address for {server.host}: {why}", server.shown)


def read_all(ctx: Context, stream: Stream, until: float, ends: bytes = b"") -> bytes:
    """What the daemon says until it closes, or sends one of the bytes `ends`. `until` is the clock's time of the
    deadline. Raises NetworkError."""
    clock = ctx.process.ports.clock
    answer = b""
    while len(answer) < _MOST:
        left = until - clock.monotonic()
        if left <= 0:
            raise NetworkError("timed out", timed_out=True)
        data = stream.recv(left)
        if not data:
            break
        answer += data
        if any(end in data for end in ends):
            break
    return answer


def reason(error: NetworkError) -> str:
    """The text of an error of the network."""
    if error.errno:
        return os.strerror(error.errno)
    return "Connection timed out" if error.timed_out else error.message
