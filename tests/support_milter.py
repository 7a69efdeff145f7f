"""A milter that does what a script says: in memory for sessions without a network, or behind a socket."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any

from eximia.base.errors import NetworkError
from eximia.protocols import milter as wire
from support_servers import Listening

#: (letter, data of the command) -> the answers
Script = Callable[[bytes, bytes], list[tuple[bytes, bytes]]]


def going_on(letter: bytes, data: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"c", b"")]


class Filter:
    """One conversation: what it was told, and what it answers."""

    def __init__(
        self, script: Script, *, steps: int = 0, actions: int = wire.ACTIONS, version: int = 6, macros: bytes = b""
    ) -> None:
        self.script = script
        self.agreed = wire.Negotiated(version, actions, steps)
        self.macros = macros
        self.told: list[tuple[bytes, bytes]] = []
        self.reader = wire.PacketReader()

    def feed(self, data: bytes) -> bytes:
        self.reader.feed(data)
        out = b""
        while (one := self.reader.next()) is not None:
            self.told.append((one.letter, one.data))
            if one.letter == b"O":
                agreed = self.agreed
                out += wire.packet(
                    b"O", struct.pack(">III", agreed.version, agreed.actions, agreed.steps) + self.macros
                )
            elif one.letter in (b"D", b"A", b"Q"):
                continue
            elif one.letter == b"E" or self.agreed.answers(one.letter):
                for letter, more in self.script(one.letter, one.data):
                    out += wire.packet(letter, more)
            else:
                self.script(one.letter, one.data)
        return out

    @property
    def letters(self) -> str:
        return b"".join(letter for letter, _ in self.told).decode()

    def data_of(self, letter: bytes) -> list[bytes]:
        return [data for one, data in self.told if one == letter]


class FilterNet:
    """Ports.net: every connection leads to the next of the filters; None refuses."""

    def __init__(self, *filters: Filter | None) -> None:
        self.filters = list(filters)
        self.places: list[Any] = []

    def connect(self, address: str, port: int, **_: Any) -> FilterStream:
        self.places.append((address, port))
        return self._next()

    def connect_unix(self, path: str, **_: Any) -> FilterStream:
        self.places.append(path)
        return self._next()

    def _next(self) -> FilterStream:
        one = self.filters.pop(0)
        if one is None:
            raise NetworkError("refused", 111)
        return FilterStream(one)


class FilterStream:
    def __init__(self, one: Filter) -> None:
        self.one = one
        self.answers = b""

    def send(self, data: bytes) -> None:
        self.answers += self.one.feed(data)

    def recv(self, timeout: float) -> bytes:
        # in small pieces
        answer, self.answers = self.answers[:3], self.answers[3:]
        return answer

    def close(self) -> None: ...

    def abort(self) -> None: ...


class FilterServer:
    """The same behind a TCP port; `conversations` are the filters of all connections."""

    def __init__(self, script: Script, **how: Any) -> None:
        self.conversations: list[Filter] = []
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.make = lambda: Filter(script, **how)
        self._listening = Listening(listener, self._talk)

    def _talk(self, connection: socket.socket) -> None:
        one = self.make()
        self.conversations.append(one)
        while data := connection.recv(65536):
            connection.sendall(one.feed(data))

    def close(self) -> None:
        self._listening.close()
