"""Kaspersky's daemon of version 5 (manual 45.1): a greeting, `SCAN`, lines of which those with the code 322 name
viruses, and `QUIT`."""

from __future__ import annotations

from eximia.base.errors import NetworkError
from eximia.context import Context
from eximia.scan.mbox import mailbox_file
from eximia.scan.servers import ScanError, Server, connect

from .lines import Lines

_DEFAULT = "/var/run/aveserver"


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    server = Server(options[0] if options and options[0] else _DEFAULT)
    stream = connect(ctx, server, max(1.0, until - ctx.process.ports.clock.monotonic()))
    lines = Lines(ctx, stream, until)
    try:
        with mailbox_file(ctx) as path:
            greeting = lines.next()
            if not greeting.startswith("2"):
                raise ScanError(f"unavailable (Responded: {greeting})", server.host)
            stream.send(f"SCAN bPQRSTUW {path}\r\n".encode("latin-1"))
            found = ""
            while True:
                line = lines.next()
                if line[:3] == "322":
                    found = found or line[4:].rpartition(" ")[2] or "unknown"
                elif line[:1] in "45":
                    raise ScanError(f"unable to scan file {path} (Responded: {line})", server.host)
                elif line[:1] == "2":
                    stream.send(b"QUIT\r\n")
                    return found
    except NetworkError as error:
        raise ScanError(f"unable to read from socket ({error.message})", server.host) from error
    finally:
        stream.close()
