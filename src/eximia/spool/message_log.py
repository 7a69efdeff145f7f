"""The log of one message in `msglog` (manual 53.16): what `-Mvl` shows and warnings to the sender quote."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Protocol

from .owner import make_folder, own_like_folder


class Complaints(Protocol):
    """Where trouble is told, and the time comes from: the logs (`logs.Log`)."""

    def stamp(self) -> str: ...

    def panic(self, text: str) -> None: ...


class MessageLog:
    """Opened when the first line is written, kept open until `close`. With `enabled` False (`message_logs`) it does
    nothing."""

    __slots__ = ("_fd", "_log", "enabled", "mode", "path")

    def __init__(self, path: str, log: Complaints, *, enabled: bool = True, mode: int = 0o640) -> None:
        self.path = path
        self.enabled = enabled
        self.mode = mode
        self._log = log
        self._fd = -1

    def write(self, text: str) -> None:
        """One line, with the time before it. Trouble goes to the main log; it does not stop a delivery."""
        self.append([f"{self._log.stamp()}{text}"])

    def append(self, lines: Iterable[str]) -> None:
        """Lines that have their time, or need none."""
        if not self.enabled:
            return
        try:
            if self._fd < 0:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
                try:
                    self._fd = os.open(self.path, flags, self.mode)
                except FileNotFoundError:
                    make_folder(os.path.dirname(self.path), 0o750)
                    self._fd = os.open(self.path, flags, self.mode)
                own_like_folder(self._fd, self.path, self.mode)
            os.write(self._fd, "".join([f"{line}\n" for line in lines]).encode("latin-1", "replace"))
        except OSError as error:
            self.enabled = False
            self._log.panic(f"Couldn't open message log {self.path}: {error.strerror}")

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
