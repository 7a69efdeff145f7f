"""Messages on disk: Exim's spool files, read and written (manual chapter 57).

`header_file` is the `-H` grammar, `store` the directory, `durable` how new messages get there, `snapshot` the way
between these files and the context's Message and Session.
"""

from __future__ import annotations

from .header_file import SpoolFormatError, SpoolHeader
from .store import LockedMessage, MessageLockedError, MessageNotFoundError, Place, Spool

__all__ = [
    "LockedMessage",
    "MessageLockedError",
    "MessageNotFoundError",
    "Place",
    "Spool",
    "SpoolFormatError",
    "SpoolHeader",
]
