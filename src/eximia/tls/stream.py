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

    __slots__ = ("_end", "_parted", "_text", "engine", "inner", "on_trouble", "trouble")

    def __init__(self, inner: Stream, engine: Engine) -> None:
        self.inner = inner
        self.engine = engine
        self._text = b""
        #: the peer's direction has ended; an error, when it ended badly
        self._end: NetworkError | bool = False
        #: we have said farewell
        self._parted = False
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
        if at_hello is not None or at_verify is not None:
            engine.pause(at_hello=at_hello is not None, at_verify=at_verify is not None)
        data = b""
        # A server has nothing to say before it has heard the client.
        waits = engine.context.server
        while True:
            if waits:
                data = inner.recv(timeout)
                if not data:
                    engine.end_of_input()
            try:
                step = engine.handshake(data)
            finally:
                # that may be an alert
                if engine.answers:
                    self._flush()
            data = b""
            waits = step is Step.WANT
            if step is Step.HELLO:
                assert at_hello is not None
                at_hello(engine)
            elif step is Step.VERIFY:
                assert at_verify is not None
                at_verify(engine)
            elif step is Step.DONE:
                if engine.unread:
                    # The end of the handshake and the first data have come together.
                    self._text = self._take(b"", more=False)
                return

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

    def send(self, data: bytes, *, last: bool = False) -> None:
        """As `Stream.send`. `last`: nothing follows, so the farewell goes out with it."""
        engine = self.engine
        taken = 0
        while taken < len(data):
            try:
                text = engine.encrypt(data, taken)
            except TlsError as error:
                raise _lost(error) from error
            taken = engine.taken
            if last and taken == len(data):
                self._parted = True
                engine.close()
                text += engine.outgoing()
            self.inner.send(text)

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
        # It may belong to an owner of ours; without a circle all is freed at once.
        self.on_trouble = None

    def _farewell(self) -> None:
        if self._parted:
            return
        self._parted = True
        self.engine.close()
        try:
            self._flush()
        except NetworkError:
            pass

    def leave(self) -> Stream:
        """The peer has ended TLS, but not the connection: so do we. The connection, for what follows in clear."""
        self._farewell()
        rest = self.engine.left_over()
        if rest:
            self.inner.unread(rest)
        self.on_trouble = None
        return self.inner

    def abort(self) -> None:
        self.inner.abort()
        self.on_trouble = None

    def fileno(self) -> int:
        return self.inner.fileno()

    def set_send_timeout(self, seconds: float) -> None:
        self.inner.set_send_timeout(seconds)


def _lost(error: TlsError) -> NetworkError:
    code = errno.EPIPE if error.cut else errno.EPROTO
    return NetworkError(os.strerror(code) if error.cut else error.text, code)
