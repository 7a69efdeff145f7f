"""DNS messages: queries out, responses in (RFC 1035 section 4, RFC 6891 EDNS, RFC 6840 AD bit).

No socket here: the transport sends what `encode_query` gives and hands what it receives to `decode_response`.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct

from eximia.base.namedtuple import NamedTuple

from .names import BadName, MalformedMessage, encode_name, read_name
from .records import Record, Type, read_content

__all__ = ["BadName", "MalformedMessage", "Rcode", "Response", "decode_response", "encode_query", "matches_query"]

_HEADER = Struct("!HHHHHH")
_QUESTION = Struct("!HH")
_RECORD = Struct("!HHIH")

_FLAG_QR = 0x8000
_FLAG_AA = 0x0400
_FLAG_TC = 0x0200
_FLAG_RD = 0x0100
_FLAG_AD = 0x0020
_CLASS_IN = 1
_DO_BIT = 0x8000

#: The size recommended to avoid fragments (DNS flag day 2020).
EDNS_SIZE = 1232


class Rcode(IntEnum):
    """Response codes that are told apart; others count as a temporary failure."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5


class Response(NamedTuple):
    """A decoded message. `malformed` tells how many records were left out because their content was broken."""

    id: int
    rcode: int
    authoritative: bool
    truncated: bool
    authentic: bool
    question: tuple[str, int] | None
    answers: tuple[Record, ...]
    authority: tuple[Record, ...]
    additional: tuple[Record, ...]
    malformed: int = 0


def encode_query(
    name: str,
    type_: int,
    id_: int,
    *,
    recursion: bool = True,
    edns_size: int = EDNS_SIZE,
    dnssec: bool = False,
    authentic: bool = True,
) -> bytes:
    """The bytes of a query.

    `edns_size` 0 leaves out the OPT record; `dnssec` sets DO (signatures wanted); `authentic` sets AD, which asks the
    resolver to say whether it validated the answer (RFC 6840 5.7). Raises BadName.
    """
    flags = (_FLAG_RD if recursion else 0) | (_FLAG_AD if authentic else 0)
    query = (
        _HEADER.pack(id_, flags, 1, 0, 0, 1 if edns_size else 0) + encode_name(name) + _QUESTION.pack(type_, _CLASS_IN)
    )
    if edns_size:
        query += b"\0" + _RECORD.pack(Type.OPT, edns_size, _DO_BIT if dnssec else 0, 0)
    return query


def matches_query(query: bytes, response: bytes) -> bool:
    """Cheap test before decoding: a response with the id of `query` that repeats its question.

    The question's name is compared without regard to case; error answers without a question section pass, as some
    servers send them.
    """
    if len(response) < 12 or response[:2] != query[:2] or not response[2] & 0x80:
        return False
    if response[4:6] == b"\0\0":
        return response[3] & 0x0F != Rcode.NOERROR
    end = query.index(0, 12) + 5
    return response[12:end].lower() == query[12:end].lower()


def _read_section(message: bytes, offset: int, count: int) -> tuple[list[Record], int, int, int]:
    """(records of class IN, offset after, broken records, extended rcode bits of an OPT record)."""
    records: list[Record] = []
    broken = extended = 0
    size = len(message)
    for _ in range(count):
        name, offset = read_name(message, offset)
        if offset + 10 > size:
            raise MalformedMessage("record header runs past the end of the DNS message")
        type_, class_, ttl, length = _RECORD.unpack_from(message, offset)
        start = offset + 10
        offset = start + length
        if offset > size:
            raise MalformedMessage("record runs past the end of the DNS message")
        if type_ == Type.OPT:
            extended = ttl >> 24
            continue
        if class_ != _CLASS_IN:
            continue
        try:
            content = read_content(message, type_, start, offset)
        except MalformedMessage:
            broken += 1
            continue
        # RFC 2181 section 8: a TTL with the top bit set counts as zero.
        records.append(Record(name.lower(), type_, ttl if ttl < 0x80000000 else 0, content))
    return records, offset, broken, extended


def decode_response(message: bytes) -> Response:
    """Read a response. A record whose own content is broken is left out and counted; a message whose frame is broken
    raises MalformedMessage."""
    if len(message) < 12:
        raise MalformedMessage("DNS message is shorter than its header")
    id_, flags, questions, answers, authority, additional = _HEADER.unpack_from(message)
    if not flags & _FLAG_QR:
        raise MalformedMessage("DNS message is not a response")
    offset = 12
    question: tuple[str, int] | None = None
    for _ in range(questions):
        name, offset = read_name(message, offset)
        if offset + 4 > len(message):
            raise MalformedMessage("question runs past the end of the DNS message")
        if question is None:
            question = (name.lower(), _QUESTION.unpack_from(message, offset)[0])
        offset += 4
    rcode = flags & 0x000F
    authoritative = bool(flags & _FLAG_AA)
    authentic = bool(flags & _FLAG_AD)
    if flags & _FLAG_TC:
        # What follows may be cut anywhere; the transport asks again over TCP.
        return Response(id_, rcode, authoritative, True, authentic, question, (), (), ())
    found, offset, broken, _ = _read_section(message, offset, answers)
    owners, offset, _, _ = _read_section(message, offset, authority)
    extra, _, _, extended = _read_section(message, offset, additional)
    return Response(
        id_,
        rcode | extended << 4,
        authoritative,
        False,
        authentic,
        question,
        tuple(found),
        tuple(owners),
        tuple(extra),
        broken,
    )
