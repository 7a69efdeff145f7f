"""Dr.Web's daemon (manual 45.1): numbers of four bytes. Over TCP it gets the message, over a Unix socket the file's
name. It answers with a code, the number of finds, and a text for each."""

from __future__ import annotations

import re

from eximia.base.errors import NetworkError
from eximia.base.ports import Stream
from eximia.context import Context
from eximia.scan.mbox import mailbox, mailbox_file
from eximia.scan.servers import ScanError, Server, connect, read_server

_DEFAULT = "/usr/local/drweb/run/drwebd.sock"
_SCAN = 1
#: return the names of what is found; the data is mail
_FLAGS = 0x0008_0001
_MOST_FINDS, _LONGEST = 100, 1 << 16
_NAME = re.compile(r"infected\swith\s*(.+?)$", re.IGNORECASE)
_ERRORS = (
    (0x01, "read error"),
    (0x02, "write error"),
    (0x04, "not enough memory"),
    (0x08, "CRC error in the base"),
    (0x10, "error reading from socket"),
)


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    server = read_server(options[0])[0] if options and options[0] else Server(_DEFAULT)
    with mailbox_file(ctx) as path:
        if server.ports:
            data = mailbox(ctx)
            request = _numbers(_SCAN, _FLAGS, 0, len(data)) + data
        else:
            name = path.encode("latin-1")
            request = _numbers(_SCAN, _FLAGS, len(name)) + name + _numbers(0)
        stream = connect(ctx, server, max(1.0, until - ctx.process.ports.clock.monotonic()))
        try:
            stream.send(request)
            return _verdict(_Reader(ctx, stream, until), server)
        finally:
            stream.close()


def _numbers(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


class _Reader:
    """Takes exactly so many bytes."""

    def __init__(self, ctx: Context, stream: Stream, until: float) -> None:
        self._clock = ctx.process.ports.clock
        self._stream = stream
        self._until = until
        self._data = b""

    def take(self, size: int) -> bytes:
        while len(self._data) < size:
            left = self._until - self._clock.monotonic()
            data = self._stream.recv(left) if left > 0 else b""
            if not data:
                raise NetworkError("connection closed or timed out")
            self._data += data
        found, self._data = self._data[:size], self._data[size:]
        return found

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")


def _verdict(reader: _Reader, server: Server) -> str:
    what = "return code"
    try:
        code = reader.number()
        what = "the number of viruses"
        count = reader.number()
        names = []
        for _ in range(min(count, _MOST_FINDS)):
            what = "report"
            size = reader.number()
            if size > _LONGEST:
                raise ScanError(f"report of {size} bytes", server.shown)
            text = reader.take(size).rstrip(b"\0").decode("latin-1")
            found = _NAME.search(text)
            if found is not None:
                names.append(found[1])
    except NetworkError as error:
        raise ScanError(f"unable to read {what}", server.shown) from error
    if names:
        return "/".join(names)
    for bit, meaning in _ERRORS:
        if code & bit and not count:
            raise ScanError(f"drweb daemon retcode 0x{code:x} ({meaning})", server.shown)
    return "unknown" if code & 0x20 and not count else ""
