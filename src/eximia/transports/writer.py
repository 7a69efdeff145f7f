"""The bytes of a message as one transport writes them (manual 24, 26.2, 48.17, 49.10).

Blocks in, blocks out: every change (CRLF line ends, dot stuffing, `check_string`) is done with bulk operations on
whole blocks, never line by line. Which header lines there are is the business of `transports.headers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from eximia.context import Body

#: bodies up to this size are handled as one block
BLOCK: Final = 1 << 18


def body_blocks(body: Body) -> Iterator[bytes]:
    """The body with LF line ends, in blocks."""
    return body.text_blocks(BLOCK)


def escaped(blocks: Iterable[bytes], check: bytes, escape: bytes) -> Iterator[bytes]:
    """Replace `check` by `escape` at the start of every line (`check_string`, `escape_string`)."""
    keep = len(check)
    check = b"\n" + check
    escape = b"\n" + escape
    carry = b"\n"  # the start of the message is the start of a line
    skip = 1
    for block in blocks:
        data = carry + block
        found = data.rfind(check)
        # What may be the beginning of a match that the next block completes is kept back.
        stop = len(data) - min(keep, len(data) if found < 0 else len(data) - found - len(check))
        carry = data[stop:]
        if stop:
            yield data[:stop].replace(check, escape)[skip:] if found >= 0 else data[skip:stop]
            skip = 0
    if len(carry) > skip:
        yield carry[skip:]


def with_crlf(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Turn LF line ends into CRLF; those that are CRLF already stay as they are."""
    after_cr = False
    for block in blocks:
        if b"\r" in block or after_cr:
            if after_cr and block.startswith(b"\n"):
                # The CR went out with the block before.
                head, block = b"\n", block[1:]
            else:
                head = b""
            after_cr = block.endswith(b"\r") if block else False
            yield head + block.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        else:
            yield block.replace(b"\n", b"\r\n")


def ended(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Add a final newline when there is none, as SMTP needs."""
    last = b"\n"
    for block in blocks:
        if block:
            last = block
            yield block
    if not last.endswith(b"\n"):
        yield b"\n"


def wire_message(header: str, body: bytes, *, stuffed: bool) -> bytes:
    """A whole small message for SMTP: `header` (with its empty line) and `body` have LF line ends.
    `stuffed`: for DATA, with dots doubled and the final dot; else for BDAT."""
    data = header.encode("latin-1") + body
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if data and not data.endswith(b"\n"):
        data += b"\n"
    if not stuffed:
        return data.replace(b"\n", b"\r\n")
    if b"\n." in data:
        data = data.replace(b"\n.", b"\n..")
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\n", b"\r\n") + b".\r\n"


def wire_blocks(header: str, body: Iterable[bytes], *, stuffed: bool) -> Iterator[bytes]:
    """The same for a message of any size, in blocks."""
    blocks = ended(_chain(header.encode("latin-1"), body))
    if stuffed:
        yield from with_crlf(escaped(blocks, b".", b".."))
        yield b".\r\n"
    else:
        yield from with_crlf(blocks)


def _chain(head: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest
