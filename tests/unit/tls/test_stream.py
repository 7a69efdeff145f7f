"""A stream inside TLS over a connection in memory: what it sends, and when."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from eximia.tls.engine import Engine, Step, TlsError
from eximia.tls.stream import TlsStream
from support_tls import Pki
from unit.tls.talk import client_context, server_context


class Wire:
    """The server's connection; its client is an engine, which says `words` behind its handshake in one piece."""

    idle = False
    peer = local = ("127.0.0.1", 1)

    def __init__(self, client: Engine, words: bytes = b"") -> None:
        self.client = client
        self.words = words
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def recv(self, timeout: float) -> bytes:
        arrived, client = b"".join(self.sent), self.client
        if not client.done and client.handshake(arrived) is Step.DONE:
            return client.outgoing() + client.encrypt(self.words)
        return client.outgoing()

    def shutdown(self) -> None:
        self.sent.append(b"")

    close = shutdown

    def unread(self, data: bytes) -> None:
        self.words = data


def server(pki: Pki, words: bytes = b"") -> tuple[Wire, TlsStream]:
    wire = Wire(Engine(client_context(pki, trust="")), words)
    stream = TlsStream(wire, Engine(server_context(pki, "ec")))  # type: ignore[arg-type]
    stream.handshake(1.0)
    return wire, stream


def test_what_came_with_the_end_of_the_handshake_is_read(pki: Pki) -> None:
    wire, stream = server(pki, b"EHLO here\r\n")
    assert len(wire.sent) == 1
    assert stream.pending()
    assert stream.recv(1.0) == b"EHLO here\r\n"


def test_the_farewell_goes_with_the_last_words(pki: Pki) -> None:
    wire, stream = server(pki)
    wire.sent.clear()
    stream.send(b"221 bye\r\n", last=True)
    stream.close()
    said, closed = wire.sent
    assert closed == b""
    assert wire.client.read(said) == b"221 bye\r\n"
    assert wire.client.closed


def test_long_last_words_are_whole(pki: Pki) -> None:
    wire, stream = server(pki)
    wire.sent.clear()
    text = bytes(at % 251 for at in range(300_001))
    stream.send(text, last=True)
    assert wire.client.read(b"".join(wire.sent)) == text
    assert wire.client.closed


def test_a_stream_without_last_words_says_farewell_when_it_is_closed(pki: Pki) -> None:
    wire, stream = server(pki)
    stream.send(b"250 ok\r\n")
    assert not wire.client.closed
    wire.client.read(b"".join(wire.sent[1:]))
    wire.sent.clear()
    stream.shutdown()
    stream.close()
    assert wire.client.read(b"".join(wire.sent)) == b""
    assert wire.client.closed


def test_a_closed_stream_is_freed_with_its_owner(pki: Pki) -> None:
    """Its connection takes tens of kilobytes, which must not wait for the collector of cycles."""

    class Owner:
        stream: Any

        def broken(self, error: TlsError) -> None:
            raise error

    owner = Owner()
    owner.stream = server(pki)[1]
    owner.stream.on_trouble = owner.broken
    watched = weakref.ref(owner)
    gc.disable()
    try:
        owner.stream.close()
        del owner
        assert watched() is None
    finally:
        gc.enable()


def test_clear_text_behind_the_farewell(pki: Pki) -> None:
    """It may come in one piece with the end of TLS."""
    wire, stream = server(pki)
    wire.sent.clear()
    wire.client.close()
    farewell = wire.client.outgoing() + b"EHLO again\r\n"
    wire.recv = lambda timeout: farewell  # type: ignore[method-assign]
    assert stream.recv(1.0) == b""
    assert stream.engine.closed
    assert stream.leave() is wire
    assert wire.words == b"EHLO again\r\n"
    wire.client.read(b"".join(wire.sent))
    assert wire.client.closed
