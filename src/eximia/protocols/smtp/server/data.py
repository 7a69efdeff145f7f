"""The message as it comes after DATA, in BDAT chunks or on standard input: framing, dots, line ends, counts.

One reader per message. It hands out header fields once and then the body with LF line ends, in pieces. Work is done
with searches and replacements on whole pieces, never line by line. The rules for odd line ends are Exim's (manual
48.2): after a first line that ended with CRLF only CRLF ends a line, so that `LF . LF` cannot end a message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from eximia.base.pattern import pattern

from .header_block import HeaderBlock

_END_LF = pattern(rb"\n\.\r?\n")


class DataReader(Protocol):
    """What the three readers have in common."""

    header: HeaderBlock
    #: the end of the message has been seen
    ended: bool
    body_size: int
    body_lines: int
    body_zeros: int
    max_line: int

    def feed(self, data: bytes) -> bytes:
        """Take raw bytes; return what of the body has become available, with LF line ends."""


class _Reader:
    """Header, line ends and counts; what delimits a message is the subclasses' matter."""

    __slots__ = (
        "_bare_lf_ends",
        "_line_length",
        "_pending",
        "body_lines",
        "body_size",
        "body_zeros",
        "ended",
        "header",
        "max_line",
    )

    def __init__(self, first_line: Callable[[bytes], bool] | None, *, bare_lf_ends: bool) -> None:
        self.header = HeaderBlock(first_line)
        self.ended = False
        self.body_size = 0
        self.body_lines = 0
        self.body_zeros = 0
        self.max_line = 0
        self._line_length = 0
        #: raw bytes kept because the next ones decide about them
        self._pending = b""
        #: a bare LF in the body ends a line even where lines end with CRLF
        self._bare_lf_ends = bare_lf_ends

    def _body(self, raw: bytes, *, last: bool = False) -> bytes:
        """Raw, unstuffed bytes -> body text. Keeps a CR at the end until it is known what follows."""
        header = self.header
        if not header.complete:
            complete = header.feed(raw)
            if last:
                header.end()
            elif not complete:
                return b""
            self._count_header(header.fields)
            raw = header.rest
            header.rest = b""
        if self._pending:
            raw = self._pending + raw
            self._pending = b""
        if raw.endswith(b"\r") and not last:
            self._pending = b"\r"
            raw = raw[:-1]
        if not raw:
            return b""
        if header.crlf and not self._bare_lf_ends:
            # The usual case in few passes: what replacing removes is counted quicker than with `count`.
            lines = raw.split(b"\r\n")
            ends = len(lines) - 1
            body = raw.replace(b"\r", b"")
            if len(raw) - len(body) == ends and len(raw) - len(raw.replace(b"\n", b"")) == ends:
                self._count_lines(body, lines)
                return body
        body = self._lines(raw)
        self._count(body)
        return body

    def _lines(self, raw: bytes) -> bytes:
        """Line ends to LF."""
        if not self.header.crlf or self._bare_lf_ends:
            if b"\r" not in raw:
                return raw
            text = raw.replace(b"\r\n", b"\n")
            return text.replace(b"\r", b"\n") if b"\r" in text else text
        count = raw.count(b"\r\n")
        if raw.count(b"\n") == count and raw.count(b"\r") == count:
            return raw.replace(b"\r\n", b"\n")
        return b"\n".join(
            part.replace(b"\n", b" ").replace(b"\r", b"\n") if b"\n" in part or b"\r" in part else part
            for part in raw.split(b"\r\n")
        )

    def _count_header(self, fields: list[str]) -> None:
        self.max_line = max(self.max_line, self.header.first_line_length)
        for field in fields:
            longest = len(field) - 1 if field.count("\n") == 1 else max(map(len, field.split("\n")))
            if longest > self.max_line:
                self.max_line = longest

    def _count_lines(self, body: bytes, lines: list[bytes]) -> None:
        """The same as `_count` for text that is divided into lines already; the last has no end yet."""
        self.body_size += len(body)
        self.body_lines += len(lines) - 1
        if b"\0" in body:
            self.body_zeros += body.count(b"\0")
        first, longest = self._line_length + len(lines[0]), max(map(len, lines))
        longest = max(first, longest)
        if longest > self.max_line:
            self.max_line = longest
        self._line_length = len(lines[-1]) + (self._line_length if len(lines) == 1 else 0)

    def _count(self, body: bytes) -> None:
        self.body_size += len(body)
        lines = body.count(b"\n")
        self.body_lines += lines
        if b"\0" in body:
            self.body_zeros += body.count(b"\0")
        if lines:
            first = body.find(b"\n")
            last = body.rfind(b"\n")
            longest = self._line_length + first
            if last - first > self.max_line:
                inner = max(map(len, body[first + 1 : last].split(b"\n")))
                if inner > longest:
                    longest = inner
            self._line_length = len(body) - last - 1
        else:
            self._line_length += len(body)
            longest = self._line_length
        if longest > self.max_line:
            self.max_line = longest

    def _finish(self, raw: bytes) -> bytes:
        """The last raw bytes of the message. An unfinished last line is finished."""
        body = self._body(raw, last=True)
        if self._line_length:
            body += b"\n"
            self._count(b"\n")
        self.ended = True
        return body


class DotReader(_Reader):
    """A message that ends with a line holding one dot, dots at the beginning of lines being doubled (RFC 5321, 4.5.2).

    After the end `rest` is what the client sent behind it. `unstuff` False: for command-line input, where the dot line
    ends the message but other dots stay.
    """

    __slots__ = ("_crlf", "_held", "_loose", "_skip", "_unstuff", "rest")

    def __init__(self, first_line: Callable[[bytes], bool] | None = None, *, unstuff: bool = True) -> None:
        super().__init__(first_line, bare_lf_ends=False)
        self.rest = b""
        self._unstuff = unstuff
        self._crlf: bool | None = None
        # The message begins at the beginning of a line: held bytes stand for the line end before it.
        self._held = b"\r\n"
        self._skip = 2
        #: the first line, in pieces, while it is not complete
        self._loose: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        if self._crlf is None:
            if b"\n" not in data:
                self._keep(data)
                return b""
            data = b"".join([*self._loose, data])
            self._loose.clear()
            raw = self._held + data
            self._crlf = raw[raw.find(b"\n", 2) - 1] == 13
        else:
            raw = self._held + data
        if self._crlf:
            end = raw.find(b"\r\n.\r\n")
            stop, after = end + 2, end + 5
        else:
            match = _END_LF.search(raw)
            end, stop, after = (match.start(), match.start() + 1, match.end()) if match is not None else (-1, 0, 0)
        if end >= 0:
            self.rest = raw[after:]
            self._held = b""
            return self._finish(self._plain(raw[:stop]))
        keep = _kept(raw, b"\r\n.\r\n" if self._crlf else b"\n.\r\n")
        if not self._crlf and not keep and raw.endswith(b"\r"):
            keep = 1
        self._held = raw[len(raw) - keep :] if keep else b""
        return self._body(self._plain(raw[: len(raw) - keep]))

    def _keep(self, data: bytes) -> None:
        """More of a first line without end. When the header was given up, only its last byte is of interest."""
        if self.header.complete:
            self._held = b"\r\n"
            self._loose = [data[-1:] or b"x"]
            return
        self._loose.append(data)
        self.header.size += len(data)

    @property
    def at_line_start(self) -> bool:
        """Whether what has come ends with a line end."""
        return self._held.endswith(b"\n") and not self._skip

    def _plain(self, raw: bytes) -> bytes:
        """Undo the doubling of dots; drop the line end that stands before the message."""
        if self._unstuff:
            raw = raw.replace(b"\r\n.", b"\r\n") if self._crlf else raw.replace(b"\n.", b"\n")
        if self._skip and raw:
            dropped = min(self._skip, len(raw))
            self._skip -= dropped
            raw = raw[dropped:]
        return raw

    def end(self) -> bytes:
        """The input ended without the dot line: take all of it as the message."""
        held = b"".join([self._held, *self._loose])
        self._held = b""
        self._loose.clear()
        return self._finish(self._plain(held))


class ChunkReader(_Reader):
    """A message that comes in BDAT chunks (RFC 3030): every byte counts, dots mean nothing.

    With `wire` the body is handed out as it came, and of the counts only its size is made (`spool_wireformat`).
    """

    __slots__ = ("_left", "_wire", "last", "rest")

    def __init__(self, *, wire: bool = False) -> None:
        super().__init__(None, bare_lf_ends=True)
        self._wire = wire
        self.rest = b""
        self.last = False
        self._left = 0

    def chunk(self, size: int, *, last: bool) -> None:
        """A chunk of `size` bytes is about to come."""
        self._left = size
        self.last = last

    def _lines(self, raw: bytes) -> bytes:
        return raw if self._wire else super()._lines(raw)

    def _count(self, body: bytes) -> None:
        if self._wire:
            self.body_size += len(body)
        else:
            super()._count(body)

    @property
    def chunk_done(self) -> bool:
        return self._left == 0

    def feed(self, data: bytes) -> bytes:
        taken = data[: self._left]
        self.rest = data[self._left :]
        self._left -= len(taken)
        if self._left == 0 and self.last:
            return self._finish(taken)
        return self._body(taken)


class StreamReader(_Reader):
    """A message that ends with its input (`-i`)."""

    __slots__ = ()

    def __init__(self, first_line: Callable[[bytes], bool] | None = None) -> None:
        super().__init__(first_line, bare_lf_ends=False)

    def feed(self, data: bytes) -> bytes:
        return self._body(data)

    def end(self) -> bytes:
        """The input has ended."""
        return self._finish(b"")


def _kept(raw: bytes, end: bytes) -> int:
    """How many bytes at the end of `raw` may be the beginning of `end`."""
    tail = raw[1 - len(end) :]
    for start in range(len(tail)):
        if end.startswith(tail[start:]):
            return len(tail) - start
    return 0
