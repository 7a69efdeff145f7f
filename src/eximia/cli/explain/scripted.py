"""A connection whose client is a list of commands: each is given when the server waits for one."""

from __future__ import annotations

from collections.abc import Iterable

from .story import Story


class ScriptedStream:
    """base.ports.Stream. What the server says, and each command, goes into a story."""

    def __init__(self, story: Story, commands: Iterable[bytes], peer: tuple[str, int], local: tuple[str, int]) -> None:
        self._story = story
        self._commands = iter(commands)
        self._unread = b""
        self.idle = False
        self.peer = peer
        self.local = local

    def send(self, data: bytes) -> None:
        self._story.add("server", data.decode("latin-1").replace("\r\n", "\n").rstrip("\n"))

    def recv(self, timeout: float) -> bytes:
        del timeout
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        command = next(self._commands, b"")
        if command:
            text = command.decode("latin-1").replace("\r\n", "\n").rstrip("\n")
            self._story.add("client", text if len(text) < 1000 else f"({len(command)} bytes)")
        return command

    def pending(self) -> bool:
        return bool(self._unread)

    def unread(self, data: bytes) -> None:
        self._unread = data + self._unread

    def shutdown(self) -> None:
        """There is nobody to tell."""

    def close(self) -> None:
        """Nothing is open."""

    def abort(self) -> None:
        """Nothing is open."""

    def fileno(self) -> int:
        return -1

    def set_send_timeout(self, seconds: float) -> None:
        """Sending never waits."""
