"""What PyMySQL takes for a socket, over the network port: its calls wait as policy does, without a thread.

Only what it uses of a socket and of its `makefile`. Trouble is an OSError, as it expects.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from eximia.base.errors import NetworkError

if TYPE_CHECKING:
    from eximia.base.ports import Stream


class StreamSocket:
    """Both the socket and the file that reads from it."""

    __slots__ = ("_buffer", "_stream", "_timeout")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._buffer = b""
        self._timeout = 0.0

    def settimeout(self, seconds: float | None) -> None:
        self._timeout = seconds or 0.0
        self._stream.set_send_timeout(self._timeout)

    def makefile(self, mode: str) -> StreamSocket:
        return self

    def sendall(self, data: bytes) -> None:
        try:
            self._stream.send(data)
        except NetworkError as error:
            raise _os_error(error) from None

    def read(self, size: int) -> bytes:
        """So many bytes, fewer at the end of the connection."""
        data = self._buffer
        if len(data) < size:
            parts, have = [data], len(data)
            while have < size:
                try:
                    more = self._stream.recv(self._timeout)
                except NetworkError as error:
                    raise _os_error(error) from None
                if not more:
                    break
                parts.append(more)
                have += len(more)
            data = b"".join(parts)
        self._buffer = data[size:]
        return data[:size]

    def pending(self) -> bool:
        """Something came that nobody asked for: the server closed the connection."""
        return self._stream.pending()

    def close(self) -> None:
        self._stream.abort()


def _os_error(error: NetworkError) -> OSError:
    """PyMySQL shows what went wrong by `str`."""
    return TimeoutError("timed out") if error.timed_out else OSError(error.errno or errno.EIO, error.message)
