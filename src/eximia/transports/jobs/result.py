"""How a job ends: a dictionary for the driver, made from one exception class."""

from __future__ import annotations

from typing import Any

#: what goes into a pipe that nobody reads: so much of a message a filter may leave, which then is as good as read
PIPE_ROOM = 65536


class JobError(Exception):
    """The delivery cannot be done now (or, `failed`, at all). `message` is for the log."""

    def __init__(
        self,
        message: str,
        errno: int = 0,
        *,
        more_errno: int = 0,
        failed: bool = False,
        freeze: bool = False,
        user_message: str = "",
        panic: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.errno = errno
        self.more_errno = more_errno
        self.failed = failed
        self.freeze = freeze
        self.user_message = user_message
        self.panic = panic

    def as_fields(self) -> dict[str, Any]:
        """The form that travels back to the driver."""
        return {
            "result": "failed" if self.failed else "deferred",
            "message": self.message,
            "errno": self.errno,
            "more_errno": self.more_errno,
            "freeze": self.freeze,
            "user_message": self.user_message,
            "panic": self.panic,
        }
