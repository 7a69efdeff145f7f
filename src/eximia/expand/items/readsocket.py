"""`${readsocket{name}{request}{options}{eol}{fail string}}`: what a server answers."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, NetworkError, TaintError
from eximia.base.text import from_bytes, like, to_bytes
from eximia.dns.lookup import lookup
from eximia.expand.items.readfile import with_line_ends
from eximia.expand.nodes import ArgumentsNode, Node, Run, Sequence
from eximia.expand.numbers import seconds
from eximia.expand.parser import Parser
from eximia.expand.sinks import refuse_tainted, with_origin

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Context

_INTERNET = re.compile(r"inet:(?:\[([^\]]*)\]|(.*)):([^:]*)")
_LITERAL = re.compile(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
#: seconds, unless the options say otherwise
TIME_LIMIT = 5
#: results kept for `cache=yes`
CACHE_SIZE = 256


class ReadsocketItem:
    """Reads the item: two strings, three optional ones, of which the last is expanded only on failure."""

    def parse(self, parser: Parser, name: str) -> Node:
        args: list[Sequence] = []
        mark = len(parser.done)
        while len(args) < 5:
            if not parser.accept("{"):
                if len(args) < 2:
                    raise parser.trouble(f"Not enough arguments for '{name}' (min is 2)")
                break
            args.append(parser.braced())
        node = ReadsocketNode(args)
        if not parser.accept("}"):
            # The socket is read before this is noticed.
            parser.done[mark:] = [node]
            raise parser.trouble(f"missing '}}' closing {name}")
        return node


#: of a socket in the file system
LONGEST_NAME = 107


class Options:
    """The third string."""

    __slots__ = ("cache", "shutdown", "sni", "timeout", "tls")

    def __init__(self, text: str) -> None:
        from eximia.expand.listing import split_list

        self.cache = False
        self.shutdown = True
        self.tls = False
        self.sni = ""
        self.timeout = TIME_LIMIT
        items = split_list(text)[1]
        if not items:
            return
        limit = seconds(items[0])
        if limit is not None:
            self.timeout = limit
        for item in items[1:]:
            option, _, value = item.partition("=")
            match option, value:
                case ("shutdown", "yes" | "no"):
                    self.shutdown = value == "yes"
                case ("tls", "yes" | "no"):
                    self.tls = value == "yes"
                case ("cache", "yes" | "no"):
                    self.cache = value == "yes"
                case ("sni", _):
                    self.sni = value


class ReadsocketNode(ArgumentsNode):
    """A use of the item."""

    __slots__ = ()

    def compile(self) -> Run:
        runs = tuple(arg.compile() for arg in self.args[:4])
        name_node = self.args[0]
        otherwise = self.args[4].compile() if len(self.args) > 4 else None

        def run(ctx: Context) -> str:
            values = [part(ctx) for part in runs]
            try:
                refuse_tainted(ctx, values[0], "socket")
            except TaintError as failure:
                raise with_origin(ctx, failure, [name_node]) from failure
            try:
                options = Options(values[2] if len(values) > 2 else "")
                answer = _ask(ctx, values[0], values[1], options)
            except (ExpansionError, NetworkError) as failure:
                if otherwise is not None:
                    return otherwise(ctx)
                raise ExpansionError(failure.message) from failure
            # An empty string leaves the newlines as they are. The server is the postmaster's choice: its answer
            # is tainted only when what it was asked is.
            text = with_line_ends(answer, values, 3) if len(values) > 3 and values[3] else answer
            return like(text, *values)

        return run


def _ask(ctx: Context, name: str, request: str, options: Options) -> str:
    """The answer, from the cache where that was asked for."""
    cache: dict[tuple[str, str], str] = ctx.process.caches.setdefault("expand.readsocket", {})
    key = (name, request)
    if options.cache and key in cache:
        return cache[key]
    stream = _connect(ctx, name, options)
    try:
        if options.tls:
            stream = _secured(ctx, stream, name, options)
        if request:
            stream.send(to_bytes(request))
        if options.shutdown and not options.tls:
            stream.shutdown()
        chunks: list[bytes] = []
        while True:
            try:
                chunk = stream.recv(options.timeout)
            except NetworkError as error:
                if error.timed_out:
                    raise ExpansionError("socket read timed out") from error
                if options.tls or chunks:
                    break
                raise
            if not chunk:
                break
            chunks.append(chunk)
    finally:
        stream.close()
    answer = from_bytes(b"".join(chunks))
    if options.cache:
        if len(cache) >= CACHE_SIZE:
            cache.clear()
        cache[key] = answer
    else:
        cache.pop(key, None)
    return answer


def _connect(ctx: Context, name: str, options: Options) -> Stream:
    if not name.startswith("inet:"):
        try:
            return ctx.process.ports.net.connect_unix(name, timeout=options.timeout)
        except NetworkError as error:
            # Names that are no names never reach the system here; its words are those of a name that does.
            reason = "No such file or directory" if len(name) > LONGEST_NAME else _reason(error)
            raise ExpansionError(
                f"failed to connect to socket {name}: {reason if name else 'Connection refused'}"
            ) from error
    match = _INTERNET.fullmatch(name)
    if match is None:
        raise ExpansionError(f"missing port for readsocket {name[5:]}")
    host = match[1] if match[1] is not None else match[2]
    shown = name[5 : match.start(3) - 1]
    port = _port(match[3])
    reason = ""
    for address in _addresses(ctx, host):
        try:
            return ctx.process.ports.net.connect(address, port, timeout=options.timeout)
        except NetworkError as error:
            reason = _reason(error)
    if not reason:
        raise ExpansionError(f"no IP address found for host {shown}")
    raise ExpansionError(f"failed to connect to any address for {shown}: {reason}")


def _reason(error: NetworkError) -> str:
    if error.timed_out:
        return "Connection timed out"
    return os.strerror(error.errno) if error.errno else error.message


def _port(text: str) -> int:
    if text.isdigit() and text.isascii():
        return int(text[:6])
    try:
        return socket.getservbyname(text, "tcp")
    except OSError as error:
        raise ExpansionError(f'unknown port "{text}"') from error


def _addresses(ctx: Context, host: str) -> list[str]:
    if _LITERAL.fullmatch(host):
        return [host]
    found: list[str] = []
    for rtype in ("AAAA", "A"):
        answer = lookup(ctx, host, rtype)
        found += [str(record) for record in answer.records]
    if not found:
        try:
            found = sorted({str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})
        except OSError:
            found = []
    return found


def _secured(ctx: Context, stream: Stream, name: str, options: Options) -> Stream:
    """The stream inside TLS."""
    connect = ctx.process.services.tls_connect
    if connect is None:
        raise ExpansionError("TLS is not available for readsocket")
    return connect(ctx, stream, options.sni or name)


READSOCKET = ReadsocketItem()
