"""F-Secure's daemon (manual 45.1): lines with tabs; it is told the message's file."""

from __future__ import annotations

from eximia.base.errors import NetworkError
from eximia.context import Context
from eximia.scan.mbox import mailbox_file
from eximia.scan.servers import ScanError, Server, connect

from .lines import Lines

_DEFAULT = "/var/run/.fsav"
_SETTINGS = ("ARCHIVE\t1", "TIMEOUT\t0", "MAXARCH\t5", "MIME\t1")


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    server = Server(options[0] if options and options[0] else _DEFAULT)
    stream = connect(ctx, server, max(1.0, until - ctx.process.ports.clock.monotonic()))
    lines = Lines(ctx, stream, until)
    step = 0
    try:
        with mailbox_file(ctx) as path:
            for setting in _SETTINGS:
                stream.send(f"CONFIGURE\t{setting}\n".encode())
                lines.next()
                step += 1
            stream.send(f"SCAN\t{path}\n".encode("latin-1"))
            return _verdict(lines)
    except NetworkError as error:
        what = f"answer {step}" if step < len(_SETTINGS) else "result"
        raise ScanError(f"unable to read {what} ({error.message})", server.host) from error
    finally:
        stream.close()


def _verdict(lines: Lines) -> str:
    """`INFECTED file name engine` for each find, `OK Scan ok.` at the end."""
    while True:
        words = lines.next().split("\t")
        if words[0] == "INFECTED":
            return words[2] if len(words) > 2 and words[2] else "unknown"
        if words[0] == "OK" and words[1:2] != ["Server configured."]:
            return ""
