"""F-Prot's older daemon (manual 45.1): asked over HTTP for the message's file; the answer is XML."""

from __future__ import annotations

import re

from eximia.base.errors import NetworkError
from eximia.context import Context
from eximia.scan.mbox import mailbox_file
from eximia.scan.servers import ScanError, connect, read_all, read_server

_DEFAULT = "localhost 10200-10204"
_SUMMARY = re.compile(r"<summary[^>]*>\s*(\w+)\s*</summary>", re.IGNORECASE)
_NAME = re.compile(r"<name>\s*(.+?)\s*</name>", re.IGNORECASE | re.DOTALL)


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    server, _ = read_server(options[0] if options and options[0] else _DEFAULT)
    with mailbox_file(ctx) as path:
        stream = connect(ctx, server, max(1.0, until - ctx.process.ports.clock.monotonic()))
        try:
            stream.send(f"GET {path} HTTP/1.0\r\n\r\n".encode("latin-1"))
            answer = read_all(ctx, stream, until).decode("latin-1")
        except NetworkError as error:
            raise ScanError(f"unable to read from socket ({error.message})", server.shown) from error
        finally:
            stream.close()
    summary, name = _SUMMARY.search(answer), _NAME.search(answer)
    if name is not None or (summary is not None and summary[1].lower() == "infected"):
        return name[1] if name is not None else "unknown"
    if not answer:
        raise ScanError("no answer", server.shown)
    return ""
