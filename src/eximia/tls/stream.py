"""TLS over a Stream: base.ports.Stream again, with the handshake. Policy sees no difference but the encryption."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.errors import NetworkError

from .engine import Engine, Step, TlsError

if TYPE_CHECKING:
    from eximia.base.ports import Stream


class TlsStream:
    """See the module's docstring. Its connection is `inner`; it is closed with it."""

    __slots__ = ("_end", "_text", "engine", "inner", "on_trouble", "trouble")

    def __init__(self, inner: Stream, engine: Engine) -> None:
        self.inner = inner
        self.engine = engine
        self._text = b""
        #: the peer's direction has ended; an error, when it ended badly
        self._end: NetworkError | bool = False
        #: told when the connection breaks after the handshake
        self.on_trouble: Callable[[TlsError], None] | None = None
        #: why it broke
        self.trouble: TlsError | None = None

    def handshake(
        self,
        timeout: float,
        *,
        at_hello: Callable[[Engine], None] | None = None,
        at_verify: Callable[[Engine], None] | None = None,
    ) -> None:
        """Make the handshake. `at_hello` and `at_verify` are policy for its pauses. Raises TlsError and NetworkError;
        the peer has then been told by an alert."""
        engine, inner = self.engine, self.inner
        engine.pause(at_hello=at_hello is not None, at_verify=at_verify is not None)
        data = b""
        while True:
            try:
                step = engine.handshake(data)
            except TlsError:
                self._flush()
                raise
            data = b""
            if step is Step.HELLO:
                assert at_hello is not None
                at_hello(engine)
                continue
            if step is Step.VERIFY:
                assert at_verify is not None
                at_verify(engine)
                continue
            self._flush()
            if step is Step.DONE:
                # The end of the handshake and the first data may have come together.
                self._text = self._take(b"", more=False)
                return
            data = inner.recv(timeout)
            if not data:
                engine.end_of_input()

    def _flush(self) -> None:
        data = self.engine.outgoing()
        if data:
            self.inner.send(data)

    @property
    def idle(self) -> bool:
        return self.inner.idle

    @idle.setter
    def idle(self, value: bool) -> None:
        self.inner.idle = value

    @property
    def peer(self) -> tuple[str, int]:
        return self.inner.peer

    @property
    def local(self) -> tuple[str, int]:
        return self.inner.local

    def send(self, data: bytes) -> None:
        engine = self.engine
        taken = 0
        while True:
            try:
                text = engine.encrypt(data, taken)
            except TlsError as error:
                raise _lost(error) from error
            self.inner.send(text)
            taken = engine.taken
            if taken == len(data):
                return

    def recv(self, timeout: float) -> bytes:
        if self._text:
            text, self._text = self._text, b""
            return text
        while not self._end:
            text = self._take(self.inner.recv(timeout))
            if text:
                return text
        if isinstance(self._end, NetworkError):
            raise self._end
        return b""

    def _take(self, data: bytes, *, more: bool = True) -> bytes:
        """The plaintext of what has arrived; notes the end. No data with `more`: the peer has closed its side."""
        engine = self.engine
        if more and not data:
            engine.end_of_input()
        try:
            text = engine.read(data)
        except TlsError as error:
            self._broken(error)
            return b""
        if engine.answers:
            self._flush()
        if engine.closed:
            self._end = True
        return text

    def _broken(self, error: TlsError) -> None:
        # Many mail servers close without the farewell; a cut message ends without its final dot all the same.
        self._end = True if error.cut else _lost(error)
        self.trouble = error
        if self.on_trouble is not None:
            self.on_trouble(error)

    def pending(self) -> bool:
        # Records may have arrived that are no data, such as session tickets.
        while not self._text and not self._end and self.inner.pending():
            self._text = self._take(self.inner.recv(0.001))
        return bool(self._text or self._end)

    def unread(self, data: bytes) -> None:
        self._text = data + self._text

    def shutdown(self) -> None:
        self._farewell()
        self.inner.shutdown()

    def close(self) -> None:
        self._farewell()
        self.inner.close()

    def _farewell(self) -> None:
        self.engine.close()
        try:
            self._flush()
        except NetworkError:
            pass

    def abort(self) -> None:
        self.inner.abort()

    def fileno(self) -> int:
        return self.inner.fileno()

    def set_send_timeout(self, seconds: float) -> None:
        self.inner.set_send_timeout(seconds)


def _lost(error: TlsError) -> NetworkError:
    code = errno.EPIPE if error.cut else errno.EPROTO
    return NetworkError(os.strerror(code) if error.cut else error.text, code)
