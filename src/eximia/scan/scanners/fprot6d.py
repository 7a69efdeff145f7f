"""F-Prot 6's daemon, FPSCAND (manual 45.1): `SCAN FILE`; a line `code <what it is> file` is the answer."""

from __future__ import annotations

import re

from eximia.base.errors import NetworkError
from eximia.context import Context
from eximia.scan.mbox import mailbox_file
from eximia.scan.servers import ScanError, connect, read_server

from .lines import Lines

_DEFAULT = "localhost 10200"
_INFECTED = re.compile(r"\d+\s<(?:contains )?infected(?: objects)?: (.+?)>\s+.+")
_ERROR = re.compile(r"\d+\s<(.+?)>\Z")


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    server, _ = read_server(options[0] if options and options[0] else _DEFAULT)
    with mailbox_file(ctx) as path:
        stream = connect(ctx, server, max(1.0, until - ctx.process.ports.clock.monotonic()))
        try:
            stream.send(f"SCAN FILE {path}\n".encode("latin-1"))
            answer = Lines(ctx, stream, until).next()
            stream.send(b"QUIT\n")
        except NetworkError as error:
            raise ScanError(f"unable to read from socket ({error.message})", server.shown) from error
        finally:
            stream.close()
    infected = _INFECTED.match(answer)
    if infected is not None:
        return infected[1]
    failed = _ERROR.match(answer)
    if failed is not None:
        raise ScanError(f"scanner reported error ({failed[1]})", server.shown)
    return ""
