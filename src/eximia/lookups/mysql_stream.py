"""What PyMySQL takes for a socket, over the network port: its calls wait as policy does, without a thread.

Only what it uses of a socket and of its `makefile`. Trouble is an OSError, as it expects.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from eximia.base.errors import NetworkError

if TYPE_CHECKING:
    import ssl

    from eximia.base.ports import Stream

T = TypeVar("T")

#: bytes taken out of TLS at a time
_PIECE = 65536


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
                more = self.some()
                if not more:
                    break
                parts.append(more)
                have += len(more)
            data = b"".join(parts)
        self._buffer = data[size:]
        return data[:size]

    def some(self) -> bytes:
        """What has arrived; empty at the end."""
        try:
            return self._stream.recv(self._timeout)
        except NetworkError as error:
            raise _os_error(error) from None

    def inside(self, context: ssl.SSLContext, name: str | None) -> TlsSocket:
        """Go on inside TLS."""
        return TlsSocket(self._stream, self._buffer, self._timeout, context, name)

    def pending(self) -> bool:
        """Something came that nobody asked for: the server closed the connection."""
        return self._stream.pending()

    def close(self) -> None:
        self._stream.abort()


class TlsSocket(StreamSocket):
    """The same inside TLS, as PyMySQL's context wants it. The handshake is done here. Raises OSError (`ssl.SSLError` is
    one)."""

    __slots__ = ("_arriving", "_leaving", "_tls")

    def __init__(self, stream: Stream, early: bytes, timeout: float, context: ssl.SSLContext, name: str | None) -> None:
        import ssl

        super().__init__(stream)
        self.settimeout(timeout)
        self._arriving, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arriving, self._leaving, server_hostname=name)
        self._arriving.write(early)
        self._do(self._tls.do_handshake)

    def _do(self, step: Callable[[], T]) -> T:
        """A step of TLS, with what it sends and what it waits for."""
        import ssl

        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._send_out()
                more = super().some()
                if more:
                    self._arriving.write(more)
                else:
                    self._arriving.write_eof()
            else:
                self._send_out()
                return done

    def _send_out(self) -> None:
        data = self._leaving.read()
        if data:
            super().sendall(data)

    def sendall(self, data: bytes) -> None:
        self._do(lambda: self._tls.write(data))

    def some(self) -> bytes:
        import ssl

        try:
            return self._do(lambda: self._tls.read(_PIECE))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""


class TlsContext:
    """Stands where PyMySQL expects the `ssl.SSLContext` that it has made, which decides as before."""

    __slots__ = ("_context",)

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def wrap_socket(self, sock: StreamSocket, server_hostname: str | None = None) -> TlsSocket:
        return sock.inside(self._context, server_hostname)


def _os_error(error: NetworkError) -> OSError:
    """PyMySQL shows what went wrong by `str`."""
    return TimeoutError("timed out") if error.timed_out else OSError(error.errno or errno.EIO, error.message)
