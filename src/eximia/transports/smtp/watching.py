"""The conversation with a server shown to the caller: `-v` and `-d+transport` (manual 5.2).

Nobody watches as a rule; then a connection has no Watcher and pays one attribute test for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.text import to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from eximia.context import Context


def watcher_of(ctx: Context) -> Watcher | None:
    """The watcher of a delivery, None when nobody looks."""
    process = ctx.process
    trace = process.trace
    if trace is not None and "transport" in trace.categories:
        debug = trace.debug
        return Watcher(lambda text: debug("transport", text))
    if process.log is not None and getattr(process.log, "verbose", False):
        return Watcher(lambda text: os.write(2, to_bytes(text)) and None)
    return None


class Watcher:
    """Writes what goes over one connection."""

    __slots__ = ("_continues", "_partial", "_write")

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._partial = b""
        self._continues = False

    def note(self, text: str) -> None:
        """A line of ours."""
        self._write(f"{text}\n")

    def sent(self, data: bytes) -> None:
        """Whole command lines: all but the last are held back for one packet."""
        lines = data.decode("latin-1").split("\r\n")[:-1]
        for line in lines[:-1]:
            self._write(f"  SMTP|> {line}\n")
        if lines:
            self._write(f"  SMTP>> {lines[-1]}\n")

    def received(self, data: bytes) -> None:
        """Bytes of replies, cut anywhere."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            text = line.rstrip(b"\r").decode("latin-1")
            self._write(f"{'         ' if self._continues else '  SMTP<< '}{text}\n")
            self._continues = text[3:4] == "-"

    def failed(self, text: str) -> None:
        """The connection broke."""
        self._write(f"  SMTP({text})<<\n")

    def closed(self) -> None:
        self._write("  SMTP(close)>>\n")
