"""One HTTP exchange as a client."""

from __future__ import annotations

import pytest

from eximia.base.errors import RemoteProtocolError
from eximia.protocols.http import Response, ResponseReader, request


def test_request() -> None:
    assert request("POST", "/x", "h", [("From", "a\r\nb")], b"body") == (
        b"POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4\r\nFrom: ab\r\n\r\nbody"
    )


def read(data: bytes, piece: int) -> Response:
    reader = ResponseReader()
    for start in range(0, len(data), piece):
        found = reader.feed(data[start : start + piece])
        if found is not None:
            return found
    return reader.close()


@pytest.mark.parametrize("piece", [1, 3, 1000])
@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
    ],
)
def test_responses(data: bytes, piece: int) -> None:
    found = read(data, piece)
    assert (found.status, found.body) == (200, b"hello")


@pytest.mark.parametrize(
    "data",
    [b"", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
     b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", b"x" * 70000,
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
)  # fmt: skip
def test_malformed(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(data, 1000)
