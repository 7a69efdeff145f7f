"""Sophie (manual 45.1): it is told the directory to scan, and answers `1:name`, `0` or an error."""

from __future__ import annotations

import os

from eximia.base.errors import NetworkError
from eximia.context import Context
from eximia.scan.mbox import mailbox_file
from eximia.scan.servers import ScanError, Server, connect, read_all

_DEFAULT = "/var/run/sophie"


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    server = Server(options[0] if options and options[0] else _DEFAULT)
    with mailbox_file(ctx) as path:
        stream = connect(ctx, server, max(1.0, until - ctx.process.ports.clock.monotonic()))
        try:
            stream.send(os.path.dirname(path).encode("latin-1") + b"\n")
            answer = read_all(ctx, stream, until, b"\n").decode("latin-1").strip()
        except NetworkError as error:
            raise ScanError(f"unable to read from UNIX socket ({server.host})", server.host) from error
        finally:
            stream.close()
    if answer.startswith("1"):
        return answer[2:].strip() or "unknown"
    if answer.startswith("-1"):
        raise ScanError("scanner reported error", server.host)
    return ""
