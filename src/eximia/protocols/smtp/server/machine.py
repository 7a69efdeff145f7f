"""What a client sends, cut into events. Sans-IO: bytes in, events out; replies are formed elsewhere.

The same input gives the same events, however it is cut into pieces (only the pieces of a body differ, not their sum).
Nothing a client sends raises an exception; memory is bounded by the longest command line, the
size of a header, and the pieces that were fed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from eximia.base.dataclass import dataclass

from .data import ChunkReader, DotReader
from .grammar import recognise

#: the longest command line; what is longer is answered as an unrecognised command
MAX_LINE: Final = 16384


@dataclass(frozen=True, slots=True)
class Command:
    """A command line. `verb` is empty for what is no command. `line` is the line without its end and trailing blanks;
    `nul`: it held NUL characters, shown as `?`. `too_long`: only its beginning is here."""

    verb: str
    argument: str
    line: str
    nul: bool = False
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a message is complete. `crlf`: its lines ended with CRLF."""

    fields: list[str]
    crlf: bool


@dataclass(frozen=True, slots=True)
class BodyChunk:
    """A piece of the body, with LF line ends."""

    data: bytes


@dataclass(frozen=True, slots=True)
class DataEnd:
    """The message is complete (`last`), or one BDAT chunk of it."""

    last: bool


Event = Command | Header | BodyChunk | DataEnd


class Server:
    """See the module's docstring.

    Feed bytes with `feed`, take events with `next_event` until it returns None. After the reply to DATA call
    `begin_data`, after BDAT `begin_chunk`; then events are those of a message until `DataEnd`.
    """

    __slots__ = ("_buffer", "_events", "_header_given", "_pos", "_reader", "_skipping", "data")

    def __init__(self) -> None:
        self._buffer = b""
        self._pos = 0
        self._events: deque[Event] = deque()
        self._skipping = False
        self._header_given = False
        self._reader: DotReader | ChunkReader | None = None
        #: the reader of the present or last message, for its counts
        self.data: DotReader | ChunkReader | None = None

    def feed(self, data: bytes) -> None:
        """More bytes from the client."""
        if self._pos < len(self._buffer):
            self._buffer = self._buffer[self._pos :] + data
        else:
            self._buffer = data
        self._pos = 0

    @property
    def waiting(self) -> bytes:
        """What the client has sent and was not looked at yet."""
        return self._buffer[self._pos :]

    @property
    def at_line_start(self) -> bool:
        """Whether the message so far ends with a complete line."""
        return isinstance(self._reader, DotReader) and self._reader.at_line_start

    @property
    def header_done(self) -> bool:
        """Whether the empty line after the header has come, even if it is not certain yet that no dot follows."""
        reader = self._reader
        if reader is None or reader.header.complete:
            return True
        return isinstance(reader, DotReader) and reader.at_line_start and reader.header.at_line_start

    def discard(self) -> bytes:
        """Forget what the client has sent ahead; returns it. Used where plain text must not cross into TLS."""
        waiting = self.waiting
        self._buffer = b""
        self._pos = 0
        return waiting

    def begin_data(self, first_line: Callable[[bytes], bool] | None = None) -> None:
        """What follows is a message in the form of DATA."""
        self.data = self._reader = DotReader(first_line)
        self._header_given = False

    def begin_chunk(self, size: int, *, last: bool, wire: bool = False) -> None:
        """What follows is a BDAT chunk of `size` bytes; the first one after a DataEnd(last=True) starts a message.
        `wire`: its body is wanted as it comes, with CRLF."""
        reader = self.data
        if not isinstance(reader, ChunkReader) or reader.ended or reader.last:
            reader = ChunkReader(wire=wire)
            self._header_given = False
        reader.chunk(size, last=last)
        self.data = self._reader = reader

    def abandon_message(self) -> None:
        """RSET between chunks: the next chunk starts a new message."""
        self.data = self._reader = None

    def next_event(self) -> Event | None:
        """The next event, or None when more bytes are needed."""
        if self._reader is not None:
            return self._message_event(self._reader)
        return self._command_event()

    def _message_event(self, reader: DotReader | ChunkReader) -> Event | None:
        if self._events:
            return self._events.popleft()
        chunked = isinstance(reader, ChunkReader)
        waiting = self.waiting
        if not waiting and not (isinstance(reader, ChunkReader) and reader.chunk_done):
            return None
        events = self._events
        body = reader.feed(waiting)
        self._buffer = reader.rest if reader.ended or chunked else b""
        self._pos = 0
        header = reader.header
        if header.complete and not self._header_given:
            self._header_given = True
            events.append(Header(header.fields, bool(header.crlf)))
        if body:
            events.append(BodyChunk(body))
        if reader.ended or (isinstance(reader, ChunkReader) and reader.chunk_done):
            self._reader = None
            events.append(DataEnd(reader.ended))
        return events.popleft() if events else None

    def _command_event(self) -> Event | None:
        if self._events:
            return self._events.popleft()
        buffer = self._buffer
        newline = buffer.find(b"\n", self._pos)
        if newline < 0:
            if len(buffer) - self._pos > MAX_LINE:
                return self._overlong(len(buffer))
            return None
        start = self._pos
        self._pos = newline + 1
        if self._skipping:
            # The rest of a line that was too long is not a command.
            self._skipping = False
            return self._command_event()
        if newline - start > MAX_LINE:
            self._pos = start
            return self._overlong(newline)
        line = buffer[start:newline].rstrip(b" \t\r\n\v\f")
        if b"\0" in line:
            return Command("", "", line.replace(b"\0", b"?").decode("latin-1"), nul=True)
        verb, argument = recognise(line)
        return Command(verb, argument, line.decode("latin-1"))

    def _overlong(self, end: int) -> Event | None:
        """A line longer than MAX_LINE: report it once, skip the rest of it."""
        start = self._pos
        self._pos = end
        if self._skipping:
            return None
        self._skipping = True
        return Command("", "", self._buffer[start : start + MAX_LINE].decode("latin-1"), too_long=True)
