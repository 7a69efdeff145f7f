"""Avast's daemon (manual 45.1): lines of text; it is told the directory to scan. An item of `av_scanner` after the
socket is `pass_unscanned`, or a command to be given before the scan."""

from __future__ import annotations

import os
import re

from eximia.base.errors import NetworkError
from eximia.context import Context
from eximia.scan.mbox import mailbox_file
from eximia.scan.servers import ScanError, Server, connect, read_server

from .lines import Lines

_DEFAULT = "/var/run/avast/scan.sock"
_RESULT = re.compile(r"SCAN (?:[^\t\\]|\\.)*\t\[(.)\][^\t]*(?:\t(.*))?")
_NAME = re.compile(r"(?:\d+|Error \d+) (.*)")


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    server = read_server(options[0])[0] if options and options[0] else Server(_DEFAULT)
    rest = [item for item in options[1:] if item]
    tolerant = "pass_unscanned" in rest
    commands = [item for item in rest if item != "pass_unscanned"]
    stream = connect(ctx, server, max(1.0, until - ctx.process.ports.clock.monotonic()))
    lines = Lines(ctx, stream, until)
    try:
        with mailbox_file(ctx) as path:
            found = ""
            _expect(lines, server)
            for command in [*commands, f"SCAN {os.path.dirname(path)}"]:
                stream.send(f"{command}\n".encode("latin-1"))
                found = _answer(ctx, lines, server, tolerant=tolerant)
            stream.send(b"QUIT\n")
            return found
    except NetworkError as error:
        raise ScanError(f"unable to read from socket ({error.message})", server.shown) from error
    finally:
        stream.close()


def _expect(lines: Lines, server: Server) -> None:
    greeting = lines.next()
    if not greeting.startswith("220"):
        raise ScanError(f"unexpected greeting: {greeting}", server.shown)


def _answer(ctx: Context, lines: Lines, server: Server, *, tolerant: bool) -> str:
    """The lines up to the one that ends the answer; the first malware's name."""
    found = ""
    while True:
        line = lines.next()
        if line.startswith("210"):
            continue
        if line.startswith("200"):
            return found
        if line[:3].isdigit():
            raise ScanError(line, server.shown)
        result = _RESULT.match(line)
        if result is None:
            continue
        kind, text = result.groups()
        if kind == "L" or (kind == "E" and not tolerant):
            name = _NAME.match(text or "")
            shown = (name[1] if name else text or "").replace("\\ ", " ").replace("\\\\", "\\")
            found = found or shown or "unknown"
        elif kind == "E":
            ctx.process.log.main(f"internal scanner error (ignored): {line}", ctx.message.id)
