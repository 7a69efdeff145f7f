"""Where a body goes while it comes in: to memory while it is small, then to the `-D` file of the spool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.writing import write_all
from eximia.context import Body

if TYPE_CHECKING:
    from eximia.context import Process
    from eximia.spool import Place

#: bodies up to this size stay in memory until the message is accepted
IN_MEMORY = 1 << 20


class BodySink:
    """`write` pieces, then take `body`. `drop` forgets everything, also what is on disk."""

    __slots__ = ("_chunks", "_id", "_place", "_process", "fd", "size", "stored", "wire")

    def __init__(self, process: Process, message_id: str, place: Place | None) -> None:
        """`place` None: nothing may be written to the spool (-bh); big bodies are then cut."""
        self._process = process
        self._id = message_id
        self._place = place
        self._chunks: list[bytes] = []
        self.size = 0
        self.fd = -1
        #: False once pieces are thrown away
        self.stored = True
        #: the pieces are as they came in chunks, lines ending with CRLF
        self.wire = False

    def write(self, data: bytes) -> None:
        """Raises OSError when the disk fails."""
        self.size += len(data)
        if not self.stored:
            return
        if self.fd >= 0:
            self._process.ports.blocking(write_all, self.fd, data)
            return
        self._chunks.append(data)
        if self.size > IN_MEMORY:
            if self._place is None:
                self.forget()
                return
            from eximia.spool.durable import open_data

            self.fd = self._process.ports.blocking(open_data, self._process.spool, self._id, self._place)
            chunks, self._chunks = self._chunks, []
            self._process.ports.blocking(write_all, self.fd, b"".join(chunks))

    def forget(self) -> None:
        """Keep no more, and nothing of what came: the message will be refused."""
        self.stored = False
        self.drop()

    def drop(self) -> None:
        """Throw away what there is."""
        self._chunks = []
        if self.fd >= 0 and self._place is not None:
            from eximia.spool.durable import discard_data

            discard_data(self._process.spool, self._id, self._place, self.fd)
            self.fd = -1

    def body(self) -> Body:
        """What has been written."""
        if self.fd >= 0:
            assert self._place is not None
            path = self._process.spool.path(self._id, "-D", self._place)
            return Body(None, path=path, offset=len(self._id) + 3, size=self.size, fd=self.fd, wire=self.wire)
        chunks = self._chunks
        return Body(chunks[0] if len(chunks) == 1 else b"".join(chunks), wire=self.wire)
