"""The MIME parts of a message, as content scanning sees them (manual 45.4; RFC 2045, 2046, 2047, 2231).

Works on the bytes of a whole message with LF line ends. Lenient: what is broken is a part like any other, noted in
`anomaly_level` and `anomaly_text`. Not a general MIME library: nothing is built, only looked at.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator

from eximia.base.text import from_bytes

_COVERS_ALL = frozenset({"multipart/alternative", "multipart/related"})
#: parts inside parts; deeper ones are not entered
_MOST_DEPTH = 50

#: levels of anomalies, as scanners' users know them
BROKEN_BASE64 = 2
BROKEN_QUOTED_PRINTABLE = 1


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
        self.filename = ""
        self.is_coverletter = False
        self.is_multipart = False
        self.is_rfc822 = False
        self.part_count = 0


class _Counter:
    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


def walk(data: bytes, *, is_rfc822: bool = False) -> Iterator[MimePart]:
    """The parts of the message `data` in the order of the text, containers before what they contain.

    `is_rfc822`: the message was attached to another one. Attached messages are not entered: decode them and walk again.
    """
    yield from _part(data, 0, len(data), _Counter(), cover=True, is_rfc822=is_rfc822, depth=0)


def _part(
    data: bytes, start: int, end: int, counter: _Counter, *, cover: bool, is_rfc822: bool, depth: int
) -> Iterator[MimePart]:
    body_start = _body_start(data, start, end)
    part = MimePart(start, body_start, end)
    part.is_coverletter = cover
    part.is_rfc822 = is_rfc822
    part.part_count = counter.value
    counter.value += 1
    _read_header(part, data[start:body_start])
    yield part
    if part.is_multipart and part.boundary and depth < _MOST_DEPTH:
        for number, (first, last) in enumerate(_children(data, body_start, end, part.boundary.encode("latin-1"))):
            inner = cover and (number == 0 or part.content_type in _COVERS_ALL)
            yield from _part(data, first, last, counter, cover=inner, is_rfc822=is_rfc822, depth=depth + 1)


def _body_start(data: bytes, start: int, end: int) -> int:
    """Where the body begins: after the first empty line, or at once when that comes first."""
    if data[start : start + 1] == b"\n":
        return start + 1
    at = data.find(b"\n\n", start, end)
    return end if at < 0 else at + 2


def _children(data: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """The spans between the delimiter lines of `boundary`."""
    delimiter = b"--" + boundary
    opened = -1
    pos = start
    while True:
        at = data.find(delimiter, pos, end)
        if at < 0:
            break
        line_end = data.find(b"\n", at, end)
        if line_end < 0:
            line_end = end
        rest = data[at + len(delimiter) : line_end].rstrip()
        if (at == start or data[at - 1 : at] == b"\n") and rest in (b"", b"--"):
            if opened >= 0:
                yield opened, at
            opened = -1 if rest else min(line_end + 1, end)
            if rest:
                return
        pos = line_end + 1
    if opened >= 0:
        yield opened, end


def _read_header(part: MimePart, header: bytes) -> None:
    for line in _unfolded(from_bytes(header)):
        name, colon, value = line.partition(":")
        if not colon:
            continue
        name = name.strip().lower()
        value = value.strip()
        if name == "content-type":
            first, parameters = parameters_of(value)
            part.content_type = first.lower()
            part.is_multipart = part.content_type.startswith("multipart/")
            part.boundary = parameters.get("boundary", "")
            part.charset = parameters.get("charset", "")
            if not part.filename:
                part.filename = parameters.get("name", "")
        elif name == "content-transfer-encoding":
            part.content_transfer_encoding = value.partition(";")[0].strip().lower()
        elif name == "content-disposition":
            first, parameters = parameters_of(value)
            part.content_disposition = first.lower()
            part.filename = parameters.get("filename", "") or part.filename
        elif name == "content-id":
            part.content_id = value.lower()
        elif name == "content-description":
            part.content_description = "".join(value.split()).lower()


def _unfolded(header: str) -> list[str]:
    lines: list[str] = []
    for line in header.split("\n"):
        if lines and line[:1] in (" ", "\t"):
            lines[-1] += " " + line.strip()
        elif line:
            lines.append(line)
    return lines


def parameters_of(value: str) -> tuple[str, dict[str, str]]:
    """(the value before the first semicolon, the parameters by lower-case name, decoded)."""
    first, _, rest = value.partition(";")
    raw: dict[str, str] = {}
    for item in _split_parameters(rest):
        name, equals, text = item.partition("=")
        if equals:
            raw.setdefault(name.strip().lower(), _unquoted(text.strip()))
    return first.strip(), _decoded(raw)


def _split_parameters(text: str) -> Iterator[str]:
    start = 0
    quoted = False
    pos = 0
    while pos < len(text):
        char = text[pos]
        if char == "\\" and quoted:
            pos += 1
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            yield text[start:pos]
            start = pos + 1
        pos += 1
    yield text[start:]


def _unquoted(text: str) -> str:
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    out = ""
    pos = 1
    while pos < len(text) - 1:
        if text[pos] == "\\":
            pos += 1
        out += text[pos]
        pos += 1
    return out


def _decoded(raw: dict[str, str]) -> dict[str, str]:
    """RFC 2231 (charset, language, continuations) and, for the many that use it here, RFC 2047."""
    found: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, str, bool]]] = {}
    for name, text in raw.items():
        base, star, rest = name.partition("*")
        if not star:
            found[name] = _words(text)
        elif not rest:
            found[base] = _percent(text.split("'", 2)[-1])
        else:
            number = rest.rstrip("*")
            if number.isdigit():
                pieces.setdefault(base, []).append((int(number), text, rest.endswith("*")))
    for base, parts in pieces.items():
        text = ""
        for index, piece, encoded in sorted(parts):
            if encoded and index == 0 and piece.count("'") >= 2:
                piece = piece.split("'", 2)[2]
            text += _percent(piece) if encoded else piece
        found.setdefault(base, text)
    return found


def _percent(text: str) -> str:
    out = ""
    pos = 0
    while pos < len(text):
        digits = text[pos + 1 : pos + 3]
        if text[pos] == "%" and len(digits) == 2 and all(char in "0123456789abcdefABCDEF" for char in digits):
            out += chr(int(digits, 16))
            pos += 3
        else:
            out += text[pos]
            pos += 1
    return out


def _words(text: str) -> str:
    """RFC 2047 words as the bytes they stand for in UTF-8; anything else unchanged."""
    if "=?" not in text:
        return text
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    try:
        return from_bytes(str(make_header(decode_header(text))).encode("utf-8", "surrogateescape"))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text


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


_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


def _base64(part: MimePart, body: bytes) -> bytes:
    text = b"".join(body.split())
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        pass
    if not _BASE64.issuperset(text):
        _anomaly(part, BROKEN_BASE64, "Charset: Illegal character in base64 encoding")
        text = bytes(char for char in text if char in _BASE64)
    text = text.partition(b"=")[0]
    if len(text) % 4 == 1:
        text = text[:-1]
    try:
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""


def _quoted_printable(part: MimePart, body: bytes) -> bytes:
    pos = body.find(b"=")
    while pos >= 0:
        following = body[pos + 1 : pos + 3]
        if following[:1] != b"\n" and following != b"\r\n":
            if not (len(following) == 2 and following.isalnum() and _is_hex(following)):
                if body[pos + 1 : body.find(b"\n", pos)].strip():
                    _anomaly(part, BROKEN_QUOTED_PRINTABLE, "Illegal quoted-printable sequence")
                    break
        pos = body.find(b"=", pos + 1)
    return binascii.a2b_qp(body)


def _is_hex(text: bytes) -> bool:
    return all(char in b"0123456789abcdefABCDEF" for char in text)
