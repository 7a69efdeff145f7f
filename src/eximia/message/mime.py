"""The MIME parts of a message, as content scanning sees them (manual 45.4; RFC 2045, 2046, 2047, 2231).

Works on the bytes of a whole message with LF line ends. Lenient: what is broken is a part like any other, noted in
`anomaly_level` and `anomaly_text`. Not a general MIME library: nothing is built, only looked at.
"""

from __future__ import annotations

import binascii
import re

from eximia.base.text import from_bytes

from .mime_header import PartHeader

_COVERS_ALL = frozenset({"multipart/alternative", "multipart/related"})
#: parts inside parts; deeper ones are not entered
_MOST_DEPTH = 50
#: parts of a message with the messages attached to it
MOST_PARTS = 10000

#: levels of anomalies, as scanners' users know them
BROKEN_BASE64 = 2
BROKEN_QUOTED_PRINTABLE = 1


class TooManyParts(Exception):
    """The message has more parts than anybody looks at."""


class MimePart:
    """One part. The attributes from `anomaly_level` to `part_count` are the variables `$mime_...`.

    `header_start`, `body_start` and `end` delimit it in the message.
    """

    __slots__ = (
        "anomaly_level",
        "anomaly_text",
        "body_start",
        "boundary",
        "charset",
        "content_description",
        "content_disposition",
        "content_id",
        "content_size",
        "content_transfer_encoding",
        "content_type",
        "decoded_filename",
        "end",
        "enters",
        "filename",
        "header_start",
        "is_coverletter",
        "is_multipart",
        "is_rfc822",
        "part_count",
    )

    def __init__(self, header_start: int, body_start: int, end: int) -> None:
        self.header_start = header_start
        self.body_start = body_start
        self.end = end
        self.anomaly_level = 0
        self.anomaly_text = ""
        self.boundary = ""
        self.charset = ""
        self.content_description = ""
        self.content_disposition = ""
        self.content_id = ""
        #: kilobytes, rounded up; known when the part has been decoded
        self.content_size = 0
        self.content_transfer_encoding = ""
        self.content_type = ""
        self.decoded_filename = ""
        #: whether it contains other parts
        self.enters = False
        self.filename = ""
        self.is_coverletter = False
        self.is_multipart = False
        self.is_rfc822 = False
        self.part_count = 0


class _Container:
    """A multipart whose delimiter lines are waited for."""

    __slots__ = ("children", "cover", "delimiter", "depth", "next")

    def __init__(self, part: MimePart, depth: int) -> None:
        self.delimiter = b"--" + part.boundary.encode("latin-1")
        self.cover = part.is_coverletter and part.content_type in _COVERS_ALL
        #: parts after the first one are attachments
        self.children = 0 if part.is_coverletter else 1
        self.depth = depth
        #: where the next line is that may be one of its delimiters; found up to that of a container around
        self.next = -1


def walk(data: bytes, *, is_rfc822: bool = False, most: int = MOST_PARTS) -> list[MimePart]:
    """The parts of the message `data` in the order of the text, containers before what they contain.

    `is_rfc822`: the message was attached to another one. Attached messages are not entered: decode them and walk again.

    A line that only begins like a delimiter is one, too, as in Exim, unless it is the delimiter of something around.
    Raises TooManyParts.
    """
    parts: list[MimePart] = []
    around: list[_Container] = []
    unended: list[tuple[int, MimePart]] = []

    def begin(start: int, depth: int, *, cover: bool) -> None:
        """A part begins. The next delimiter ends it, be it in its header."""
        if len(parts) >= most:
            raise TooManyParts
        end = _look_ahead(data, around, start)
        body, whole = _body_start(data, start, end)
        part = MimePart(start, body, len(data))
        part.is_coverletter = cover
        part.is_rfc822 = is_rfc822
        part.part_count = len(parts)
        _read_header(part, data[start:body])
        parts.append(part)
        unended.append((depth, part))
        if part.enters and whole and len(around) < _MOST_DEPTH:
            around.append(_Container(part, depth))
            _look_ahead(data, around, body)

    begin(0, 0, cover=True)
    while around and (start := min(container.next for container in around)) < len(data):
        line = _line(data, start)
        number, closed = _delimited(around, line)
        del around[number + 1 :]
        container = around[number]
        while unended[-1][0] > container.depth:
            unended.pop()[1].end = start
        behind = min(start + len(line) + 1, len(data))
        if not closed:
            cover = container.cover or not container.children
            container.children += 1
            begin(behind, container.depth + 1, cover=cover)
            continue
        if line.rstrip() == container.delimiter + b"--":
            around.pop()
        _look_ahead(data, around, behind)
    return parts


def _look_ahead(data: bytes, around: list[_Container], at: int) -> int:
    """Where the next line at or behind `at`, the beginning of a line, may be a delimiter; the end when none is."""
    first = len(data)
    for container in around:
        if container.next < at:
            container.next = first
            if data.startswith(container.delimiter, at):
                container.next = at
            elif (found := data.find(b"\n" + container.delimiter, at, first)) >= 0:
                container.next = found + 1
        first = min(first, container.next)
    return first


def _line(data: bytes, start: int) -> bytes:
    """The line that begins at `start`, without its end."""
    end = data.find(b"\n", start)
    return data[start : end if end >= 0 else len(data)]


def _delimited(around: list[_Container], line: bytes) -> tuple[int, bool]:
    """Whose delimiter the line is that begins like one, and whether it is one that ends."""
    bare = line.rstrip()
    number = len(around)
    begins = -1
    while number:
        number -= 1
        delimiter = around[number].delimiter
        if bare.startswith(delimiter):
            if bare[len(delimiter) :] in (b"", b"--"):
                return number, len(bare) > len(delimiter)
            begins = max(begins, number)
    return begins, line.startswith(b"--", len(around[begins].delimiter))


def _body_start(data: bytes, start: int, end: int) -> tuple[int, bool]:
    """Where the body begins, after the first empty line, or at once when that comes first; and whether there is one."""
    if data[start : start + 1] == b"\n":
        return start + 1, True
    at = data.find(b"\n\n", start, end)
    return (end, False) if at < 0 else (at + 2, True)


def _read_header(part: MimePart, header: bytes) -> None:
    read = PartHeader(from_bytes(header))
    part.content_type = read.values.get("content-type", "")
    part.content_transfer_encoding = read.values.get("content-transfer-encoding", "")
    part.content_disposition = read.values.get("content-disposition", "")
    part.content_id = read.values.get("content-id", "")
    part.content_description = read.values.get("content-description", "")
    part.is_multipart = part.content_type.startswith("multipart")
    part.boundary = read.parameter("boundary").rstrip()
    part.enters = read.multipart and part.boundary != ""
    part.charset = read.parameter("charset")
    part.filename = read.filename()


def decode(part: MimePart, data: bytes) -> bytes:
    """The part's body without its transfer encoding. Damage is noted in the part and what can be read is returned."""
    body = data[part.body_start : part.end]
    encoding = part.content_transfer_encoding
    if encoding == "base64":
        return _base64(part, body)
    if encoding == "quoted-printable":
        return _quoted_printable(part, body)
    return body


def _anomaly(part: MimePart, level: int, text: str) -> None:
    if level > part.anomaly_level:
        part.anomaly_level = level
        part.anomaly_text = text


_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_QUOTED = re.compile(rb"=(?:([0-9A-Fa-f]{2})|[ \t]*(?:\n|\Z)|())")


def _base64(part: MimePart, body: bytes) -> bytes:
    """Groups of four; a group that is padded, or not whole at the end, does not end the text."""
    if _NOT_BASE64.search(body.replace(b"\r", b"").replace(b"\n", b"")):
        _anomaly(part, BROKEN_BASE64, "Broken BASE64 encoding detected")
    groups = _NOT_BASE64.sub(b"", body).split(b"=")
    last = groups.pop()
    whole = [_group(group)[: len(group) * 3 // 4] for group in groups]
    return b"".join([*whole, _group(last)[: _bytes(len(last))]])


def _group(text: bytes) -> bytes:
    return binascii.a2b_base64(text + b"A" * (-len(text) % 4))


def _bytes(length: int) -> int:
    """The bytes of as many characters; bits that are left over at the end make one more, as in Exim."""
    return length // 4 * 3 + length % 4


def _quoted_printable(part: MimePart, body: bytes) -> bytes:
    broken = False

    def meant(found: re.Match[bytes]) -> bytes:
        nonlocal broken
        if found[1]:
            return bytes.fromhex(found[1].decode())
        if found[2] is None:
            return b""
        broken = True
        return b"="

    decoded = _QUOTED.sub(meant, body)
    if broken:
        _anomaly(part, BROKEN_QUOTED_PRINTABLE, "Broken Quoted-Printable encoding detected")
    return decoded
