"""Reading the lines that a scanner's daemon sends."""

from __future__ import annotations

from eximia.base.errors import NetworkError
from eximia.base.ports import Stream
from eximia.context import Context

_LONGEST = 1 << 16


class Lines:
    """One line after the other, until the deadline. Raises NetworkError, also at the end of the connection."""

    __slots__ = ("_clock", "_data", "_stream", "_until")

    def __init__(self, ctx: Context, stream: Stream, until: float) -> None:
        self._clock = ctx.process.ports.clock
        self._stream = stream
        self._until = until
        self._data = b""

    def next(self) -> str:
        while b"\n" not in self._data:
            left = self._until - self._clock.monotonic()
            if left <= 0:
                raise NetworkError("Connection timed out", timed_out=True)
            data = self._stream.recv(left)
            if not data or len(self._data) > _LONGEST:
                raise NetworkError("connection closed" if not data else "line too long")
            self._data += data
        line, _, self._data = self._data.partition(b"\n")
        return line.rstrip(b"\r").decode("latin-1")
