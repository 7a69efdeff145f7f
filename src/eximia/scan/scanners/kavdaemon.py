"""Kaspersky's older daemon (manual 45.1): a request with date and file; a code of two bytes, and a report if there is
one. Codes: 1 the scan was not completed, 2 and 4 a virus, 3 suspicion, 5 all deleted, above that trouble."""

from __future__ import annotations

import re

from eximia.base.errors import NetworkError
from eximia.context import Context
from eximia.scan.mbox import mailbox_file
from eximia.scan.servers import ScanError, Server, connect, read_all

_DEFAULT = "/var/run/AvpCtl"
_REPORT_FOLLOWS = 0x0100
_NAME = re.compile(r"(?:suspicion|infected):\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    import time

    server = Server(options[0] if options and options[0] else _DEFAULT)
    now = time.strftime("%d %b %H:%M:%S", time.localtime(ctx.process.ports.clock.time()))
    with mailbox_file(ctx) as path:
        stream = connect(ctx, server, max(1.0, until - ctx.process.ports.clock.monotonic()))
        try:
            stream.send(f"<0>{now}:{path}\n".encode("latin-1"))
            answer = read_all(ctx, stream, until)
        except NetworkError as error:
            raise ScanError(f"unable to read from socket ({error.message})", server.host) from error
        finally:
            stream.close()
    if len(answer) < 2:
        raise ScanError("unable to read 2 bytes from socket", server.host)
    code = int.from_bytes(answer[:2], "little")
    result = code & 0x0F
    if result in (2, 3, 4, 5):
        report = answer[6:].decode("latin-1") if code & _REPORT_FOLLOWS else ""
        found = _NAME.search(report)
        return found[1] if found is not None else "unknown"
    if result:
        why = {1: "scanning was not completed", 7: "the daemon's integrity check failed"}
        raise ScanError(why.get(result, f"result code {result}"), server.host)
    return ""
