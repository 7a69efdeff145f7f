"""The `-J` file: addresses done in a delivery attempt that is not over yet (manual 3.7, chapter 57).

Written before an attempt changes the `-H` file, so that a crash in between does not deliver twice. One address a line,
in the form of the list of non-recipients.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from eximia.base.ordered_set import OrderedSet
from eximia.base.writing import write_all

from .owner import own_like_folder


class Journal:
    """The journal of one message, made when the first address is written."""

    __slots__ = ("_fd", "mode", "path")

    def __init__(self, path: str, mode: int = 0o640) -> None:
        self.path = path
        self.mode = mode
        self._fd = -1

    def add(self, addresses: Iterable[str]) -> None:
        """Append addresses and make them durable. Raises OSError."""
        text = "".join([f"{address}\n" for address in addresses])
        if not text:
            return
        if self._fd < 0:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(self.path, flags, self.mode)
            own_like_folder(self._fd, self.path, self.mode)
        size = os.fstat(self._fd).st_size
        try:
            write_all(self._fd, text.encode("latin-1"))
        except OSError:
            os.ftruncate(self._fd, size)  # the next address would continue the line that was cut off
            raise
        os.fsync(self._fd)

    @property
    def used(self) -> bool:
        return self._fd >= 0

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def remove(self) -> None:
        """Close and delete: the `-H` file now knows."""
        self.close()
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass


def read_journal(path: str) -> OrderedSet:
    """The addresses in the journal at `path`; empty when there is none. An unfinished last line does not count."""
    try:
        with open(path, "rb") as file:
            lines = file.read().decode("latin-1").split("\n")
    except FileNotFoundError:
        return OrderedSet()
    return OrderedSet(line for line in lines[:-1] if line)
