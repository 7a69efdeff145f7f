"""Separating the header of a message from its body, and undoing line ends in it (manual 48.2, 48.4).

The rules are Exim's. How the first line of the message ends decides: after CRLF, a bare LF (like a bare CR always) does
not end a header line, it becomes a folded line instead; after a bare LF, lone LFs end lines. The header ends at an
empty line, or before the first line that cannot be a header line, which then begins the body.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from eximia.base.pattern import pattern

# One field with its continuations; a name is printable or above 127, without a colon.
_FIELD = pattern(rb"[!-9;-~\x80-\xff]*[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*")
_HARD_CRLF = pattern(rb"(\r+\n)|[\r\n]")
_HARD_LF = pattern(rb"(\r*\n)|\r")
_END_LF = pattern(rb"\n\r?\n")
#: white-space lines at the end of a field
_BLANK_TAIL = pattern(r"(?:\n[ \t]+)+\n\Z")


class HeaderBlock:
    """Collects raw bytes (dots unstuffed, line ends as they came) until the header is complete.

    `fields` are then the header lines, as latin-1 text with LF, each with its final newline; `rest` is the beginning of
    the body, raw. `first_line` may consume lines before the header, the "From " line of UUCP: it gets the line without
    its end and says whether that was one.
    """

    __slots__ = (
        "_buffer",
        "_examined",
        "_first_line",
        "_loose",
        "_tail",
        "_waiting",
        "complete",
        "crlf",
        "fields",
        "first_line_length",
        "rest",
        "separated",
        "size",
    )

    def __init__(self, first_line: Callable[[bytes], bool] | None = None) -> None:
        self._buffer = b""
        #: what came since, in pieces that are joined when that is worth it; its size; the last bytes of all
        self._loose: list[bytes] = []
        self._waiting = 0
        self._tail = b""
        self._examined = 0
        self._first_line = first_line
        self.complete = False
        #: the first line ended with CRLF; None: not known yet
        self.crlf: bool | None = None
        self.fields: list[str] = []
        self.rest = b""
        #: of a line that `first_line` took
        self.first_line_length = 0
        #: an empty line ended the header
        self.separated = False
        #: bytes of header collected so far
        self.size = 0

    def feed(self, data: bytes) -> bool:
        """Add raw bytes; True when the header is complete."""
        if b"\n" not in data or (self._examined and self._may_wait(data)):
            self._loose.append(data)
            self._waiting += len(data)
            self.size += len(data)
            self._tail = (self._tail + data)[-3:]
            return False
        buffer = b"".join([self._buffer, *self._loose, data])
        self._loose.clear()
        self._waiting = 0
        self._tail = buffer[-3:]
        self._buffer = buffer
        if self.crlf is None:
            newline = buffer.find(b"\n")
            if newline < 0:
                self.size = len(buffer)
                return False
            self.crlf = newline > 0 and buffer[newline - 1] == 13
        if self._first_line is not None and not self._take_first_line():
            return False
        buffer = self._buffer
        self.size = len(buffer)
        if buffer[:1] in (b"\r", b"\n"):
            return self._finish(0)
        if self.crlf:
            end = buffer.find(b"\r\n\r\n", max(0, self._examined - 3))
            if end >= 0:
                return self._finish(end + 2)
        else:
            match = _END_LF.search(buffer, max(0, self._examined - 3))
            if match is not None:
                return self._finish(match.start() + 1)
        # A message without an empty line: look at the lines themselves now and then.
        if len(buffer) - self._examined >= 16384 or (self._examined == 0 and not self._plausible(buffer)):
            head = self._complete_part(buffer)
            taken = self._scan(buffer[:head])
            if taken is not None:
                self._settle(*taken)
                return True
        self._examined = len(buffer)
        return False

    @property
    def at_line_start(self) -> bool:
        """Whether what has come ends with a line end."""
        return self._tail.endswith(b"\n")

    def _may_wait(self, data: bytes) -> bool:
        """Whether these bytes can be looked at later: they are few and do not end the header."""
        if self._waiting + len(data) > 8192:
            return False
        near = self._tail + data
        return b"\r\n\r\n" not in near if self.crlf else _END_LF.search(near) is None

    def end(self) -> None:
        """No more data will come: what there is is the header, and perhaps the beginning of the body."""
        if self.complete:
            return
        if self.crlf is None:
            self.crlf = False
        buffer = b"".join([self._buffer, *self._loose])
        if self._first_line is not None:
            first = self._first_line
            self._first_line = None
            line, newline, rest = buffer.partition(b"\n")
            while line and first(line.rstrip(b"\r")):
                line, newline, rest = rest.partition(b"\n") if newline else (b"", b"", b"")
            buffer = line + newline + rest
        if buffer and not buffer.endswith(b"\n"):
            buffer += b"\r\n" if self.crlf else b"\n"
        self._buffer = buffer
        self._finish(len(buffer))

    def give_up(self) -> None:
        """Forget the header: it is too long, and the message will be refused. All that follows is body."""
        self.crlf = bool(self.crlf)
        self._loose.clear()
        self._settle([], b"")

    def _take_first_line(self) -> bool:
        """Offer the first line to `first_line`, and the next while it takes them; False while one is not complete."""
        first = self._first_line
        assert first is not None
        while True:
            line, newline, rest = self._buffer.partition(b"\n")
            if not newline:
                return False
            if not first(line.rstrip(b"\r")):
                break
            self.first_line_length = max(self.first_line_length, len(line.rstrip(b"\r")))
            self._buffer = rest
            newline_at = rest.find(b"\n")
            self.crlf = None if newline_at < 0 else newline_at > 0 and rest[newline_at - 1] == 13
            if self.crlf is None:
                self.size = len(rest)
                return False
        self._first_line = None
        return True

    def _plausible(self, buffer: bytes) -> bool:
        """Whether the first complete line may begin a header."""
        line = buffer[: buffer.find(b"\n") + 1]
        return _FIELD.match(line.replace(b"\r", b"")) is not None

    def _complete_part(self, buffer: bytes) -> int:
        return buffer.rfind(b"\n") + 1

    def _finish(self, end: int) -> bool:
        """The header is at most buffer[:end]."""
        taken = self._scan(self._buffer[:end])
        if taken is not None:
            self._settle(*taken)
        else:
            rest = self._buffer[end:]
            self.separated = bool(rest)
            if rest[:2] == b"\r\n":
                rest = rest[2:]
            elif rest[:1] == b"\n" and not self.crlf:
                rest = rest[1:]
            self._settle(self._fields(self._normal(self._buffer[:end])), rest)
        return True

    def _settle(self, fields: list[str], rest: bytes) -> None:
        self.fields = fields
        self.rest = rest
        self.size = len(self._buffer) - len(rest)
        self.complete = True
        self._buffer = b""

    def _normal(self, head: bytes) -> bytes:
        """Header text with LF line ends, soft breaks folded, NULs shown as `?`."""
        if self.crlf:
            count = head.count(b"\r\n")
            if head.count(b"\n") == count and head.count(b"\r") == count:
                text = head.replace(b"\r\n", b"\n")
            else:
                text = _HARD_CRLF.sub(_soft, head)
        elif b"\r" in head:
            text = _HARD_LF.sub(_soft, head)
        else:
            text = head
        return text.replace(b"\0", b"?") if b"\0" in text else text

    def _fields(self, text: bytes) -> list[str]:
        return [_trim(match.group().decode("latin-1")) for match in _FIELD.finditer(text)]

    def _scan(self, head: bytes) -> tuple[list[str], bytes] | None:
        """Check that every line of `head` belongs to a header. None: all do. Otherwise the fields, and the raw rest of
        the buffer from the first line on that does not."""
        text = self._normal(head)
        pos = 0
        while pos < len(text):
            match = _FIELD.match(text, pos)
            if match is None:
                break
            pos = match.end()
        if pos >= len(text):
            return None
        rest = self._buffer[self._raw_offset(head, text.count(b"\n", 0, pos)) :]
        if rest[:1] == b"\r" and rest[1:2] != b"\n":
            rest = b"\r " + rest[1:]  # the soft break was made before it was seen that the header is over
        return self._fields(text[:pos]), rest

    def _raw_offset(self, head: bytes, breaks: int) -> int:
        """Where in the raw text the line after `breaks` line breaks (hard and soft) begins."""
        if not breaks:
            return 0
        for number, match in enumerate((_HARD_CRLF if self.crlf else _HARD_LF).finditer(head), 1):
            if number == breaks:
                return match.end()
        return len(head)


def _soft(match: re.Match[bytes]) -> bytes:
    return b"\n" if match.group(1) is not None else b"\n "


def _trim(field: str) -> str:
    """A field without white-space lines at its end."""
    if "\n " in field or "\n\t" in field:
        return _BLANK_TAIL.sub("\n", field)
    return field
