"""What the system says of a file. In a server an answer is believed for a moment, because a configuration may ask for
the same files many times a message (`exists`, files of lookups); at the command line every question is asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from eximia.base.text import to_bytes

if TYPE_CHECKING:
    from .process import Process

#: seconds
BELIEVED: Final = 0.1
_KEPT: Final = 1000

Found = os.stat_result | OSError


def file_status(process: Process, path: str | bytes) -> Found:
    """As os.stat() gives or raises it. Raises ValueError for a path with a NUL."""
    if process.connections is None:
        return _ask(path)
    kept: dict[str | bytes, tuple[float, Found]] = process.caches.setdefault("file status", {})
    now = process.ports.clock.monotonic()
    known = kept.get(path)
    if known is not None and now < known[0]:
        return known[1]
    found = _ask(path)
    if len(kept) >= _KEPT:
        kept.clear()
    kept[path] = now + BELIEVED, found
    return found


def forget(process: Process, path: str | bytes) -> None:
    """Believe nothing of this file any more."""
    process.caches.get("file status", {}).pop(path, None)


def _ask(path: str | bytes) -> Found:
    try:
        return os.stat(to_bytes(path) if isinstance(path, str) else path)
    except OSError as error:
        return error.with_traceback(None)
