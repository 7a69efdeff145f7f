"""Why a file could not be opened, in the words of log lines and replies."""

from __future__ import annotations

import errno
import os


def why(error: OSError) -> str:
    """The system's text; of who was refused too when it is a matter of permission."""
    number = error.errno or 0
    text = os.strerror(number)
    return f"{text} (euid={os.geteuid()} egid={os.getegid()})" if number == errno.EACCES else text
