"""Any simple daemon (manual 45.1): it is told the message's file, its answer is searched."""

from __future__ import annotations

from eximia.base.errors import NetworkError
from eximia.base.text import from_bytes
from eximia.context import Context
from eximia.scan.mbox import mailbox_file
from eximia.scan.servers import ScanError, connect, read_all, read_server

from .patterns import name_in, usable


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    if not options or not options[0]:
        raise ScanError("missing socket specification")
    if len(options) < 3 or not options[2]:
        raise ScanError("missing trigger specification")
    if len(options) < 4 or not options[3]:
        raise ScanError("missing virus name regex specification")
    command, trigger, name = options[1] or "%s\n", options[2], options[3]
    usable(ctx, trigger)
    usable(ctx, name)
    server, _ = read_server(options[0])
    with mailbox_file(ctx) as path:
        stream = connect(ctx, server, max(1.0, until - ctx.process.ports.clock.monotonic()))
        try:
            stream.send(command.replace("%s", path).encode("latin-1"))
            answer = from_bytes(read_all(ctx, stream, until))
        except NetworkError as error:
            raise ScanError(f"unable to read from socket ({error.message})", server.shown) from error
        finally:
            stream.close()
    if ctx.process.services.regexes.search(trigger, answer) is None:
        return ""
    return name_in(ctx, name, [answer])
