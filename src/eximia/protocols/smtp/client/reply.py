"""Replies of an SMTP or LMTP server: bytes in, `Reply` values out (RFC 5321 section 4.2).

A line may end with LF alone (manual 49.1). What a broken or hostile server can send is limited: a line that is no
reply, or a reply longer than `MAX_REPLY`, raises `RemoteProtocolError`; nothing else does.
"""

from __future__ import annotations

from eximia.base.errors import RemoteProtocolError
from eximia.base.namedtuple import NamedTuple

#: the longest reply (all its lines together) that is believed
MAX_REPLY = 65536


class Reply(NamedTuple):
    """One reply. `text` is what the log shows: the lines as they came, codes included, joined by a newline."""

    code: int
    text: str

    @property
    def lines(self) -> list[str]:
        """The text of each line without its code."""
        return [line[4:] for line in self.text.split("\n")]


class MalformedReply(RemoteProtocolError):
    """The server sent something that is no SMTP reply; `line` is what came."""

    def __init__(self, line: str) -> None:
        super().__init__(f"Malformed SMTP reply: {line}")
        self.line = line


class ReplyReader:
    """Cuts the server's bytes into replies. Any chunking of the input gives the same replies."""

    __slots__ = ("_buffer", "_lines", "_size")

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take bytes from the server."""
        self._buffer = self._buffer + data if self._buffer else data

    @property
    def idle(self) -> bool:
        """True when no byte is left over: what an idle connection must show."""
        return not self._buffer and not self._lines

    def partial(self) -> str:
        """What came of an unfinished reply."""
        return "\n".join([*self._lines, self._buffer.decode("latin-1")]).rstrip("\r\n")

    def next(self) -> Reply | None:
        """The next whole reply, or None when more bytes are needed. Raises `MalformedReply`."""
        buffer = self._buffer
        start = 0
        lines = self._lines
        while True:
            end = buffer.find(b"\n", start)
            if end < 0:
                self._buffer = buffer[start:]
                self._size += start
                if self._size + len(self._buffer) > MAX_REPLY:
                    raise MalformedReply(self.partial()[:256])
                return None
            line = buffer[start:end].rstrip(b"\r \t")
            start = end + 1
            more = line[3:4]
            if not line[:3].isdigit() or len(line) < 3 or more not in _SEPARATORS:
                self._buffer = buffer[start:]
                raise MalformedReply("\n".join([*lines, line.decode("latin-1")]))
            lines.append(line.decode("latin-1"))
            if more != b"-":
                self._buffer = buffer[start:]
                self._size = 0
                text = lines[0] if len(lines) == 1 else "\n".join(lines)
                lines.clear()
                return Reply(int(line[:3]), text)


_SEPARATORS = (b" ", b"-", b"")
