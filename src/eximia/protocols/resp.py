"""RESP, the protocol of Redis: commands to bytes, and a reader of replies (redis.io/docs/reference/protocol-spec)."""

from __future__ import annotations

from typing import Any

from eximia.base.errors import RemoteProtocolError


def command(*words: bytes) -> bytes:
    """One command, as the server wants it."""
    packed = b"".join([b"$%d\r\n%s\r\n" % (len(word), word) for word in words])
    return b"*%d\r\n%s" % (len(words), packed)


class ReplyReader:
    """`feed` what arrives, then take replies with `next` as long as it returns something else than `MISSING`."""

    __slots__ = ("_protocol_error", "_reader")

    MISSING: Any = object()

    def __init__(self) -> None:
        import hiredis

        self._reader = hiredis.Reader(notEnoughData=self.MISSING)
        self._protocol_error = hiredis.ProtocolError

    def feed(self, data: bytes) -> None:
        self._reader.feed(data)

    def next(self) -> Any:
        """bytes, int, list, None...; an `hiredis.ReplyError` for an error. Raises RemoteProtocolError."""
        try:
            return self._reader.gets()
        except self._protocol_error as error:
            raise RemoteProtocolError(f"Redis protocol error: {error}") from None
