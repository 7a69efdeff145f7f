"""Conditions that ask others about passwords: the bytes they send and how they read answers."""

from __future__ import annotations

import hashlib

import pytest

from eximia.base.errors import ExpansionError
from eximia.context import Context
from eximia.expand import compile_text, radius
from expand.world import context


class Stream:
    """Answers once, in pieces, and keeps what it was sent."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.sent = b""
        self.closed = False

    def send(self, data: bytes) -> None:
        self.sent += data

    def recv(self, timeout: float) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def shutdown(self) -> None:
        self.sent += b"<eof>"

    def close(self) -> None:
        self.closed = True


class Net:
    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.asked: list[object] = []

    def connect_unix(self, path: str, *, timeout: float) -> Stream:
        self.asked.append(path)
        return self.stream

    def connect(self, address: str, port: int, *, timeout: float, interface: str = "") -> Stream:
        self.asked.append((address, port))
        return self.stream


def with_stream(*pieces: bytes) -> tuple[Context, Stream, Net]:
    ctx = context()
    stream = Stream(*pieces)
    net = Net(stream)
    ctx.process.ports.net = net  # type: ignore[assignment]
    return ctx, stream, net


def test_saslauthd() -> None:
    ctx, stream, net = with_stream(b"\0\x02", b"OK")
    assert compile_text("${if saslauthd{{user}{pass}{smtp}}{y}{n}}")(ctx) == "y"
    assert stream.sent == b"\0\x04user\0\x04pass\0\x04smtp\0\0"
    assert net.asked == ["/var/run/saslauthd/mux"]
    assert stream.closed


def test_saslauthd_refuses_and_needs_a_password() -> None:
    ctx, _, net = with_stream(b"\0\x02NO")
    assert compile_text("${if saslauthd{{user}{pass}}{y}{n}}")(ctx) == "n"
    assert compile_text("${if saslauthd{{user}{}}{y}{n}}")(ctx) == "n"
    assert len(net.asked) == 1


def test_pwcheck() -> None:
    ctx, stream, _ = with_stream(b"OK")
    assert compile_text("${if pwcheck{user:pa:ss}{y}{n}}")(ctx) == "y"
    assert stream.sent == b"user\0pa:ss\0"


def test_readsocket_shuts_down_unless_told_not_to() -> None:
    ctx, stream, _ = with_stream(b"a\n", b"b\n")
    assert compile_text("${readsocket{/run/x}{hello}{3s}{|}}")(ctx) == "a|b|"
    assert stream.sent == b"hello<eof>"
    ctx, stream, net = with_stream(b"a\n")
    assert compile_text("${readsocket{inet:[::1]:25}{hello}{3s:shutdown=no}{}}")(ctx) == "a\n"
    assert stream.sent == b"hello"
    assert net.asked == [("::1", 25)]


def test_readsocket_cache() -> None:
    ctx, _, net = with_stream(b"a")
    run = compile_text("${readsocket{/run/x}{q}{3s:cache=yes}}")
    assert run(ctx) == run(ctx) == "a"
    assert len(net.asked) == 1


def test_readsocket_failure_string() -> None:
    assert compile_text("${readsocket{/run/x}{q}{3s}{}{failed ${lc:X}}}")(context()) == "failed x"
    with pytest.raises(ExpansionError, match="failed to connect to socket /run/x: No such file or directory"):
        compile_text("${readsocket{/run/x}{q}}")(context())


def test_radius_password_hiding() -> None:
    """The example of RFC 2865 section 7.1."""
    authenticator = bytes.fromhex("0f403f9473978057bd83d5cb98f4227a")
    hidden = radius.hidden(b"arctangent", b"xyzzy5461", authenticator)
    assert hidden.hex() == "0dbe708d93d413ce3196e43f782a0aee"


def test_radius_answers_must_be_signed() -> None:
    authenticator, secret = bytes(range(16)), b"s"
    head = bytes((2, 7, 0, 20))
    signed = head + hashlib.md5(head + authenticator + secret).digest()
    assert radius.accepted(signed, 7, authenticator, secret) is True
    assert radius.accepted(signed, 8, authenticator, secret) is None
    assert radius.accepted(signed[:-1] + b"x", 7, authenticator, secret) is None
    assert radius.accepted(b"", 7, authenticator, secret) is None
