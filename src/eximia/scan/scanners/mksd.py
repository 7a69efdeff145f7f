"""mksd, the daemon of mks_vir (manual 45.1): told the message's file; answers `OK`, or `VIR` and the name. Its option,
the number of processes, has no meaning for one file."""

from __future__ import annotations

from eximia.base.errors import NetworkError
from eximia.context import Context
from eximia.scan.mbox import mailbox_file
from eximia.scan.servers import ScanError, Server, connect

from .lines import Lines

_SOCKET = Server("/var/run/mksd/socket")
_MOST_PROCESSES = 256


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    if options and options[0] and not (options[0].isdigit() and 0 < int(options[0]) <= _MOST_PROCESSES):
        raise ScanError(f"invalid option '{options[0]}'")
    with mailbox_file(ctx) as path:
        stream = connect(ctx, _SOCKET, max(1.0, until - ctx.process.ports.clock.monotonic()))
        try:
            stream.send(f"{path}\n".encode("latin-1"))
            answer = Lines(ctx, stream, until).next()
        except NetworkError as error:
            raise ScanError(f"unable to read from mksd UNIX socket ({error.message})", _SOCKET.host) from error
        finally:
            stream.close()
    word, _, rest = answer.partition(" ")
    if word == "VIR":
        return rest.split(" ")[0] or "unknown"
    if word != "OK":
        raise ScanError(f"scanner failed: {answer}", _SOCKET.host)
    return ""
