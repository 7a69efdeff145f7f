"""The socket that PyMySQL is given, over a stream that plays a script."""

import pytest

from eximia.base.errors import NetworkError
from eximia.lookups.mysql_stream import StreamSocket


class Stream:
    def __init__(self, *arrivals: bytes | NetworkError) -> None:
        self.arrivals = list(arrivals)
        self.waits: list[float] = []
        self.send_timeout = 0.0

    def set_send_timeout(self, seconds: float) -> None:
        self.send_timeout = seconds

    def send(self, data: bytes) -> None:
        raise NetworkError("Broken pipe", 32)

    def recv(self, timeout: float) -> bytes:
        self.waits.append(timeout)
        found = self.arrivals.pop(0) if self.arrivals else b""
        if isinstance(found, NetworkError):
            raise found
        return found


def test_reads_exactly_what_is_asked_for_and_less_at_the_end() -> None:
    stream = Stream(b"ab", b"cdefg", b"h")
    file = StreamSocket(stream)
    file.settimeout(7)
    assert file.makefile("rb").read(4) == b"abcd"
    assert file.read(1) == b"e"
    assert stream.waits == [7, 7]
    assert file.read(9) == b"fgh"
    assert stream.send_timeout == 7


def test_trouble_is_an_oserror() -> None:
    with pytest.raises(TimeoutError):
        StreamSocket(Stream(b"a", NetworkError("timed out", timed_out=True))).read(2)
    with pytest.raises(ConnectionResetError, match="reset"):
        StreamSocket(Stream(NetworkError("reset", 104))).read(2)
    with pytest.raises(BrokenPipeError):
        StreamSocket(Stream()).sendall(b"x")
