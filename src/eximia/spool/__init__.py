"""Messages on disk: Exim's spool files, read and written (manual chapter 57).

`header_file` is the `-H` grammar, `store` the directory, `durable` how new messages get there, `arrivals` the log of
those that are delivered at once, `snapshot` the way between the files and the context's Message and Session.
"""

from __future__ import annotations

from .header_file import SpoolFormatError, SpoolHeader
from .store import LockedMessage, MessageLockedError, MessageNotFoundError, Place, Spool, UnreadableMessageError

__all__ = [
    "LockedMessage",
    "MessageLockedError",
    "MessageNotFoundError",
    "Place",
    "Spool",
    "SpoolFormatError",
    "SpoolHeader",
    "UnreadableMessageError",
]
