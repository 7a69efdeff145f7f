"""clamd, the daemon of ClamAV (clamd(8)): the message goes through the connection, or, to a daemon on this host, by
the name of its file."""

from __future__ import annotations

import random

from eximia.base.errors import NetworkError
from eximia.base.ports import Stream
from eximia.config.times import read_time
from eximia.context import Context
from eximia.scan.mbox import mailbox, mailbox_file
from eximia.scan.servers import ScanError, Server, connect, read_all, read_server

_DEFAULT = "/tmp/clamd"  # noqa: S108 - the manual's
_CHUNK = 1 << 20


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    local = "local" in options
    servers = _servers(ctx, [item for item in options if item != "local"])
    local = local or any(not server.ports for server, _ in servers)
    random.shuffle(servers)
    stream, where = _reach(ctx, servers, until)
    try:
        if local:
            with mailbox_file(ctx) as path:
                stream.send(f"SCAN {path}\n".encode("latin-1"))
                answer = read_all(ctx, stream, until, b"\n\0")
        else:
            _send(stream, mailbox(ctx))
            answer = read_all(ctx, stream, until, b"\n\0")
    except NetworkError as error:
        raise ScanError(f"unable to read from socket ({error.message})", where) from error
    finally:
        stream.close()
    return verdict(answer, where)


def _servers(ctx: Context, items: list[str]) -> list[tuple[Server, float]]:
    """Those that can be used; the others are logged. Raises ScanError when there are none, or for a bad option."""
    if not items:
        return [(Server(_DEFAULT), 0.0)]
    servers = []
    for item in items:
        if item.startswith("/") or " " in item.strip():
            servers.append(_server(item))
        else:
            ctx.process.log.panic(f"malware acl condition: clamd  : missing port: '{item}'", ctx.message.id)
    if not servers:
        raise ScanError("no useable server addresses in malware configuration option.")
    return servers


def _server(item: str) -> tuple[Server, float]:
    try:
        server, words = read_server(item)
    except ScanError:
        # A port that is none is port 0: nobody is there.
        host, _, *words = item.split()
        server = Server(host, (0,))
    retry = 0.0
    for word in words:
        name, _, value = word.partition("=")
        seconds = read_time(value)
        if name != "retry" or seconds is None:
            raise ScanError(f"bad option '{item}'")
        retry = float(seconds)
    return server, retry


def _reach(ctx: Context, servers: list[tuple[Server, float]], until: float) -> tuple[Stream, str]:
    for server, retry in servers:
        left = max(1.0, until - ctx.process.ports.clock.monotonic())
        try:
            stream = connect(ctx, server, left, retry)
        except ScanError as error:
            if not server.ports:
                raise
            ctx.process.log.panic(f"malware acl condition: clamd {error.where} : {error.message}", ctx.message.id)
            continue
        return stream, str(ctx.session.notes["callout_address"])
    raise ScanError("all servers failed")


def _send(stream: Stream, data: bytes) -> None:
    """The command INSTREAM: pieces with their lengths, then an empty one."""
    stream.send(b"zINSTREAM\0")
    for start in range(0, len(data), _CHUNK):
        piece = data[start : start + _CHUNK]
        stream.send(len(piece).to_bytes(4, "big") + piece)
    stream.send(bytes(4))


def verdict(answer: bytes, where: str) -> str:
    """The malware's name in the daemon's answer. Raises ScanError."""
    text = answer.decode("latin-1").strip("\r\n\0")
    if not text:
        raise ScanError("ClamAV returned null", where)
    if ":" not in text:
        raise ScanError(f"ClamAV returned malformed result (missing colon): {text}", where)
    result = text.rpartition(": ")[2].strip()
    name, _, word = result.rpartition(" ")
    if word == "OK" and not name:
        return ""
    if word == "FOUND":
        return name.strip() or "unknown"
    if word == "ERROR":
        raise ScanError(f"ClamAV returned: {text}", where)
    raise ScanError(f"unparseable response from ClamAV: {{{text}}}", where)
