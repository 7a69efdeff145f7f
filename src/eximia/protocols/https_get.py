"""One GET over a stream that is already encrypted: for policies that are published on the web. No redirects, no
cookies, no compression, nothing kept (RFC 9112)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.namedtuple import NamedTuple

if TYPE_CHECKING:
    from eximia.base.ports import Stream

_MOST_HEADER = 16384


class HttpError(Exception):
    """The server's answer is not one that can be used."""


class HttpAnswer(NamedTuple):
    """`kind` is the media type without parameters, in lower case."""

    status: int
    kind: str
    body: bytes


def get(stream: Stream, host: str, path: str, *, most: int, timeout: float) -> HttpAnswer:
    """Ask for `path`; at most `most` bytes are taken. Raises HttpError and NetworkError."""
    stream.send(
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Eximia\r\nAccept: text/plain, */*\r\n"
        "Connection: close\r\n\r\n".encode("ascii")
    )
    return _read(_Reader(stream, timeout, most + _MOST_HEADER), most)


def post(stream: Stream, host: str, path: str, kind: str, data: bytes, *, timeout: float) -> HttpAnswer:
    """Send `data`; the answer's body is cut at 4096 bytes. Raises HttpError and NetworkError."""
    stream.send(
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Eximia\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode("ascii")
        + data
    )
    return _read(_Reader(stream, timeout, 4096 + _MOST_HEADER), 4096)


class _Reader:
    """Bytes of the answer, with a limit on all of them."""

    def __init__(self, stream: Stream, timeout: float, most: int) -> None:
        self._stream = stream
        self._timeout = timeout
        self._left = most
        self.data = b""

    def more(self) -> bool:
        """Read once more; False at the end."""
        got = self._stream.recv(self._timeout)
        self._left -= len(got)
        if self._left < 0:
            raise HttpError("the answer is too long")
        self.data += got
        return bool(got)

    def until(self, mark: bytes) -> bytes:
        while mark not in self.data:
            if not self.more():
                raise HttpError("the answer is cut short")
        part, _, self.data = self.data.partition(mark)
        return part

    def exactly(self, size: int) -> bytes:
        while len(self.data) < size:
            if not self.more():
                raise HttpError("the answer is cut short")
        part, self.data = self.data[:size], self.data[size:]
        return part


def _read(reader: _Reader, most: int) -> HttpAnswer:
    head = reader.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
    words = head[0].split(" ", 2)
    if not words[0].startswith("HTTP/1.") or len(words) < 2 or not (words[1].isascii() and words[1].isdigit()):
        raise HttpError("the answer is not HTTP")
    fields = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    kind = fields.get("content-type", "").partition(";")[0].strip().lower()
    return HttpAnswer(int(words[1]), kind, _body(reader, fields, most))


def _body(reader: _Reader, fields: dict[str, str], most: int) -> bytes:
    if fields.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while True:
            size = reader.until(b"\r\n").partition(b";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError:
                raise HttpError("the answer has a malformed chunk") from None
            if length < 0 or len(body) + length > most:
                raise HttpError("the answer is too long")
            if length == 0:
                return body
            body += reader.exactly(length)
            reader.until(b"\r\n")
    length_text = fields.get("content-length", "")
    if length_text:
        if not (length_text.isascii() and length_text.isdigit()) or int(length_text[:12]) > most:
            raise HttpError("the answer is too long")
        return reader.exactly(int(length_text))
    while reader.more():
        pass
    if len(reader.data) > most:
        raise HttpError("the answer is too long")
    return reader.data
