"""PROXY headers of both versions."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eximia.base.errors import RemoteProtocolError
from eximia.protocols.proxy import SIGNATURE, Proxied, ProxyReader


def read(data: bytes, step: int) -> tuple[Proxied | None, bytes]:
    reader = ProxyReader()
    for at in range(0, len(data), step):
        found = reader.feed(data[at : at + step])
        if found is not None:
            return found, reader.rest + data[at + step :]
    return None, b""


V4 = socket.inet_aton("192.0.2.9") + socket.inet_aton("198.51.100.5") + struct.pack("!HH", 4321, 25)
V6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1") + socket.inet_pton(socket.AF_INET6, "2001:db8::2")


@pytest.mark.parametrize("step", [1, 3, 1000])
@pytest.mark.parametrize(
    "data, expected",
    [
        (b"PROXY TCP4 192.0.2.9 198.51.100.5 4321 25\r\n", Proxied("192.0.2.9", 4321, "198.51.100.5", 25)),
        (b"PROXY TCP6 2001:DB8:0::9 ::1 1 2\r\n", Proxied("2001:db8::9", 1, "::1", 2)),
        (b"PROXY UNKNOWN whatever\r\n", Proxied(local=True)),
        (SIGNATURE + b"\x21\x11\x00\x0c" + V4, Proxied("192.0.2.9", 4321, "198.51.100.5", 25)),
        (SIGNATURE + b"\x21\x11\x00\x0f" + V4 + b"tlv", Proxied("192.0.2.9", 4321, "198.51.100.5", 25)),
        (SIGNATURE + b"\x21\x21\x00\x24" + V6 + b"\x00\x01\x00\x02", Proxied("2001:db8::1", 1, "2001:db8::2", 2)),
        (SIGNATURE + b"\x20\x00\x00\x00", Proxied(local=True)),
    ],
)
def test_headers(data: bytes, expected: Proxied, step: int) -> None:
    assert read(data + b"EHLO x\r\n", step) == (expected, b"EHLO x\r\n")


@pytest.mark.parametrize(
    "data",
    [
        b"EHLO x\r\n",
        b"PROXY TCP4 192.0.2.999 198.51.100.5 4321 25\r\n",
        b"PROXY TCP4 192.0.2.9 198.51.100.5 4321\r\n",
        b"PROXY TCP4 192.0.2.9 198.51.100.5 70000 25\r\n",
        b"PROXY TCP5 1 2 3 4\r\n",
        b"PROXY " + b"x" * 200,
        SIGNATURE + b"\x31\x11\x00\x0c" + V4,
        SIGNATURE + b"\x21\x31\x00\x0c" + V4,
        SIGNATURE + b"\x21\x11\x00\x04" + V4,
        SIGNATURE + b"\x22\x11\x00\x0c" + V4,
        SIGNATURE + b"\x21\x11\xff\xff",
    ],
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(data, 1000)


@given(st.binary(max_size=60), st.sampled_from([b"", b"PROXY ", SIGNATURE, SIGNATURE + b"\x21\x11\x00\x0c"]))
def test_garbage(data: bytes, start: bytes) -> None:
    try:
        read(start + data, 7)
    except RemoteProtocolError:
        return
