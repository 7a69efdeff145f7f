"""The milter protocol, version 6, as the mail server speaks it: packets, negotiation, replies. No state is kept here.

A packet is a length of four bytes, a letter and data; strings end with a zero byte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

from eximia.base.errors import RemoteProtocolError
from eximia.base.namedtuple import NamedTuple

VERSION = 6
_LONGEST = 1 << 24
_HEAD = struct.Struct(">Ic")
_NEGOTIATION = struct.Struct(">III")
_INDEX = struct.Struct(">I")

# What a filter may do (SMFIF_...)
ADD_HEADERS, CHANGE_BODY, ADD_RECIPIENTS, DELETE_RECIPIENTS, CHANGE_HEADERS, QUARANTINE = (1 << bit for bit in range(6))
CHANGE_FROM, ADD_RECIPIENTS_WITH_PARAMETERS, SET_MACROS = (1 << bit for bit in range(6, 9))
ACTIONS = (1 << 9) - 1

# What is not sent (SMFIP_NO...), and where no answer comes (SMFIP_NR_...)
NO_CONNECT, NO_HELO, NO_MAIL, NO_RCPT, NO_BODY, NO_HEADERS, NO_EOH, NO_ANSWER_HEADER = (1 << bit for bit in range(8))
NO_UNKNOWN, NO_DATA, SKIP, _REFUSED_RECIPIENTS = (1 << bit for bit in range(8, 12))
NO_ANSWER_CONNECT, NO_ANSWER_HELO, NO_ANSWER_MAIL, NO_ANSWER_RCPT, NO_ANSWER_DATA, NO_ANSWER_UNKNOWN = (
    1 << bit for bit in range(12, 18)
)
NO_ANSWER_EOH, NO_ANSWER_BODY, LEADING_SPACE = (1 << bit for bit in range(18, 21))
#: all but telling of refused recipients
STEPS = (1 << 21) - 1 & ~_REFUSED_RECIPIENTS

CONNECT, HELO, MAIL, RCPT, DATA, HEADER, EOH, BODY, END, MACROS, ABORT, QUIT, UNKNOWN = (
    b"C", b"H", b"M", b"R", b"T", b"L", b"N", b"B", b"E", b"D", b"A", b"Q", b"U",
)  # fmt: skip
#: command -> (the flag that it is not sent, the flag that it is not answered)
FLAGS = {
    CONNECT: (NO_CONNECT, NO_ANSWER_CONNECT),
    HELO: (NO_HELO, NO_ANSWER_HELO),
    MAIL: (NO_MAIL, NO_ANSWER_MAIL),
    RCPT: (NO_RCPT, NO_ANSWER_RCPT),
    DATA: (NO_DATA, NO_ANSWER_DATA),
    HEADER: (NO_HEADERS, NO_ANSWER_HEADER),
    EOH: (NO_EOH, NO_ANSWER_EOH),
    BODY: (NO_BODY, NO_ANSWER_BODY),
    UNKNOWN: (NO_UNKNOWN, NO_ANSWER_UNKNOWN),
}
#: a piece of the body in one packet
CHUNK = 65535
#: what a filter that speaks an older version does not know
_SINCE = {DATA: 4, UNKNOWN: 3, EOH: 2}


class Packet(NamedTuple):
    """A letter and its data."""

    letter: bytes
    data: bytes = b""


class Negotiated(NamedTuple):
    """What a filter wants. `macros`: the macros it asks for by stage (0 connect ... 5 end of message)."""

    version: int
    actions: int
    steps: int
    macros: Mapping[int, frozenset[bytes]] = {}

    def wants(self, letter: bytes) -> bool:
        return not self.steps & FLAGS[letter][0] and self.version >= _SINCE.get(letter, 0)

    def answers(self, letter: bytes) -> bool:
        return not self.steps & FLAGS[letter][1]


def packet(letter: bytes, data: bytes = b"") -> bytes:
    return _HEAD.pack(len(data) + 1, letter) + data


def strings(*values: bytes) -> bytes:
    """Strings with their ends; what contains one is cut there."""
    return b"".join([value.partition(b"\0")[0] + b"\0" for value in values])


def offer() -> bytes:
    """The first packet: all that we can do."""
    return packet(b"O", _NEGOTIATION.pack(VERSION, ACTIONS, STEPS))


def connection(name: bytes, address: bytes, port: int) -> bytes:
    """The data of CONNECT: a path is a Unix socket, no address is an unknown kind of client."""
    if not address:
        return strings(name) + b"U"
    family = b"L" if address.startswith(b"/") else b"6" if b":" in address else b"4"
    if family == b"6":
        address = b"IPv6:" + address
    return strings(name) + family + port.to_bytes(2, "big") + strings(address)


def macros(letter: bytes, values: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The packet with the macros for a command; nothing when there are none."""
    found = b"".join([strings(name, value) for name, value in values if value])
    return packet(MACROS, letter + found) if found else b""


class PacketReader:
    """`feed` what arrives, then take packets with `next` until it returns None."""

    __slots__ = ("_data",)

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        self._data += data

    def next(self) -> Packet | None:
        """Raises RemoteProtocolError."""
        data = self._data
        if len(data) < _HEAD.size:
            return None
        length, letter = _HEAD.unpack_from(data)
        if not 0 < length <= _LONGEST:
            raise RemoteProtocolError(f"bad packet length {length}")
        if len(data) < length + 4:
            return None
        found = Packet(letter, bytes(data[5 : length + 4]))
        del data[: length + 4]
        return found


def read_negotiation(answer: Packet) -> Negotiated:
    """Raises RemoteProtocolError."""
    if answer.letter != b"O" or len(answer.data) < _NEGOTIATION.size:
        raise RemoteProtocolError(f"no negotiation but {answer.letter!r}")
    version, actions, steps = _NEGOTIATION.unpack_from(answer.data)
    if not 2 <= version <= VERSION or actions & ~ACTIONS:
        raise RemoteProtocolError(f"version {version} with actions {actions:#x} is not for us")
    wanted: dict[int, frozenset[bytes]] = {}
    rest = answer.data[_NEGOTIATION.size :]
    while len(rest) > 4:
        (stage,) = _INDEX.unpack_from(rest)
        names, end, rest = rest[4:].partition(b"\0")
        if end:
            wanted[stage] = frozenset(name.strip(b"{}") for name in names.replace(b",", b" ").split())
    return Negotiated(version, actions, steps & STEPS, wanted)


class Change(NamedTuple):
    """What a filter wants changed. `kind` is the packet's letter; `number` an index; `values` the strings."""

    kind: bytes
    values: Sequence[bytes]
    number: int = 0


#: letter -> (the action it belongs to, whether an index comes first)
_CHANGES = {
    b"+": (ADD_RECIPIENTS, False),
    b"2": (ADD_RECIPIENTS_WITH_PARAMETERS, False),
    b"-": (DELETE_RECIPIENTS, False),
    b"b": (CHANGE_BODY, False),
    b"h": (ADD_HEADERS, False),
    b"i": (ADD_HEADERS | CHANGE_HEADERS, True),
    b"m": (CHANGE_HEADERS, True),
    b"e": (CHANGE_FROM, False),
    b"q": (QUARANTINE, False),
}


def read_change(one: Packet, actions: int) -> Change | None:
    """None for a packet that is no change. Raises RemoteProtocolError for one that is malformed or was not agreed."""
    known = _CHANGES.get(one.letter)
    if known is None:
        return None
    action, indexed = known
    if not actions & action:
        raise RemoteProtocolError(f"{one.letter!r} was not agreed")
    if one.letter == b"b":
        return Change(one.letter, (one.data,))
    data, number = one.data, 0
    if indexed:
        if len(data) < 4:
            raise RemoteProtocolError(f"{one.letter!r} without index")
        (number,) = _INDEX.unpack_from(data)
        data = data[4:]
    values = data.removesuffix(b"\0").split(b"\0")
    if one.letter in b"him" and len(values) != 2:
        raise RemoteProtocolError(f"{one.letter!r} with {len(values)} strings")
    return Change(one.letter, values, number)


def read_reply_code(data: bytes) -> tuple[str, str]:
    """The code and the text, which may have several lines, of a reply that the filter chose. Raises
    RemoteProtocolError."""
    lines = data.partition(b"\0")[0].decode("latin-1").replace("%%", "%").replace("\r\n", "\n").split("\n")
    code = lines[0][:3]
    if not (code.isdigit() and code[0] in "45"):
        raise RemoteProtocolError(f"bad reply '{lines[0][:60]}'")
    texts = [line[4:] if line[:3] == code else line for line in lines]
    extended, space, _ = texts[0].partition(" ")
    if space and extended[:2] == f"{code[0]}." and extended.replace(".", "").isdigit():
        # It stands in every line; ours come from the first.
        texts[1:] = [text.removeprefix(f"{extended} ") for text in texts[1:]]
    return code, "\n".join(texts)
