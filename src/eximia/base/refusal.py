"""Why a file could not be opened, in the words of log lines and replies."""

from __future__ import annotations

import errno
import os


class RefusedError(OSError):
    """Another process was refused; `text` is its `why`."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(number, text)
        self.text = text


def why(error: OSError) -> str:
    """The system's text; of who was refused too when it is a matter of permission."""
    if isinstance(error, RefusedError):
        return error.text
    number = error.errno or 0
    text = os.strerror(number)
    return f"{text} (euid={os.geteuid()} egid={os.getegid()})" if number == errno.EACCES else text
