"""`from_utf8` and `utf8clean`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import to_bytes
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context


def _from_utf8(ctx: Context, subject: str, argument: str | None) -> str:
    data = to_bytes(subject)
    out: list[str] = []
    pos, length = 0, len(data)
    while pos < length:
        code = data[pos]
        pos += 1
        if code < 0xC0:
            out.append(chr(code))
            continue
        # The first byte tells how many follow; whatever they are is taken, as the operator promises nothing
        # for text that is not UTF-8.
        follow = 1 if code < 0xE0 else 2 if code < 0xF0 else 3 if code < 0xF8 else 4 if code < 0xFC else 5
        value = code & (0x3F >> follow)
        for _ in range(follow):
            value <<= 6
            if pos < length:
                value |= data[pos] & 0x3F
                pos += 1
        out.append(chr(value) if value < 256 else "_")
    return "".join(out)


def _size(code: int) -> int:
    """How many bytes a character that begins with `code` has; 0 when none does."""
    if code < 0x80:
        return 1
    if code < 0xC2 or code >= 0xF8:
        return 0
    return 2 if code < 0xE0 else 3 if code < 0xF0 else 4


def _valid(piece: bytes) -> bool:
    """A code point of Unicode and no surrogate. How many bytes it was given is not looked at."""
    if len(piece) == 1:
        return True
    value = piece[0] & (0x7F >> len(piece))
    for byte in piece[1:]:
        value = value << 6 | byte & 0x3F
    return value < 0x110000 and not 0xD800 <= value < 0xE000


def clean(data: bytes) -> bytes:
    """`data` with every malformed UTF-8 sequence replaced by one question mark."""
    if data.isascii():
        return data
    out = bytearray()
    pos, length = 0, len(data)
    while pos < length:
        code = data[pos]
        size = _size(code)
        if not size:
            out += b"?"
            pos += 1
            continue
        end = pos + 1
        while end < min(pos + size, length) and 0x80 <= data[end] < 0xC0:
            end += 1
        if end < pos + size:
            # Not ASCII where it should go on: that byte goes with the broken character.
            if end < length and data[end] >= 0x80:
                end += 1
            out += b"?"
        elif _valid(data[pos:end]):
            out += data[pos:end]
        else:
            out += b"?"
        pos = end
    return bytes(out)


def _utf8clean(ctx: Context, subject: str, argument: str | None) -> str:
    return clean(to_bytes(subject)).decode("latin-1")


FROM_UTF8 = Operator(_from_utf8)
UTF8CLEAN = Operator(_utf8clean)
