"""HTTP/1.1 as a client, for one exchange: a request as bytes, and a reader of the response (RFC 9110, RFC 9112).

Not a general client: no redirections, no compression, no kept connections.
"""

from __future__ import annotations

from collections.abc import Sequence

from eximia.base.errors import RemoteProtocolError
from eximia.base.namedtuple import NamedTuple

_LONGEST_HEAD = 1 << 16
_LONGEST_BODY = 1 << 26


class Response(NamedTuple):
    """Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def request(method: str, path: str, host: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> bytes:
    """The whole request; control characters in header values are left out."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", f"Content-Length: {len(body)}"]
    for name, value in headers:
        lines.append(f"{name}: {''.join(char for char in value if char >= ' ' and char != chr(127))}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class ResponseReader:
    """`feed` what arrives until it returns the response; `close` when the peer has closed. Both raise
    RemoteProtocolError."""

    __slots__ = ("_data", "_head", "_length")

    def __init__(self) -> None:
        self._data = bytearray()
        self._head: tuple[int, dict[str, str]] | None = None
        #: the body's length; -1: in chunks, -2: until the connection ends
        self._length = 0

    def feed(self, data: bytes) -> Response | None:
        self._data += data
        if self._head is None and not self._read_head():
            return None
        if self._length >= 0:
            return self._done(bytes(self._data[: self._length])) if len(self._data) >= self._length else None
        if len(self._data) > _LONGEST_BODY:
            raise RemoteProtocolError("HTTP response too long")
        if self._length == -1:
            body = _unchunk(self._data)
            return None if body is None else self._done(body)
        return None

    def close(self) -> Response:
        """The response, where the end of the connection is its end."""
        if self._head is not None and self._length == -2:
            return self._done(bytes(self._data))
        raise RemoteProtocolError("HTTP response is cut")

    def _done(self, body: bytes) -> Response:
        assert self._head is not None
        return Response(self._head[0], self._head[1], body)

    def _read_head(self) -> bool:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            if len(self._data) > _LONGEST_HEAD:
                raise RemoteProtocolError("HTTP response header too long")
            return False
        first, *lines = self._data[:end].decode("latin-1").split("\r\n")
        del self._data[: end + 4]
        words = first.split(None, 2)
        if len(words) < 2 or not words[0].startswith("HTTP/") or not _number(words[1], 3):
            raise RemoteProtocolError(f"no HTTP response: {first[:60]}")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise RemoteProtocolError(f"bad HTTP header line: {line[:60]}")
            headers[name.strip().lower()] = value.strip()
        status = int(words[1])
        if 100 <= status < 200:
            return self._read_head()
        self._head = status, headers
        length = headers.get("content-length")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            self._length = -1
        elif length is None:
            self._length = -2
        elif not _number(length, 9) or int(length) > _LONGEST_BODY:
            raise RemoteProtocolError(f"bad HTTP content length: {length[:20]}")
        else:
            self._length = int(length)
        return True


def _number(text: str, longest: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= longest


def _unchunk(data: bytearray) -> bytes | None:
    """The body, None when it is not complete."""
    at = 0
    parts: list[bytes] = []
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            return None
        text = data[at:end].split(b";")[0].strip()
        try:
            size = int(text, 16)
        except ValueError:
            size = -1
        if size < 0 or len(text) > 8:
            raise RemoteProtocolError("bad HTTP chunk size")
        at = end + 2
        if not size:
            # trailers end with an empty line
            return b"".join(parts) if data[at : at + 2] == b"\r\n" or b"\r\n\r\n" in data[at:] else None
        if len(data) < at + size + 2:
            return None
        parts.append(bytes(data[at : at + size]))
        at += size + 2
