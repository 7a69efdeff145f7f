"""What types make of files, kept in the process until the file changes or others need the room."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from eximia.context.file_status import file_status

from .types import OpenFailure

if TYPE_CHECKING:
    from eximia.context import Context

T = TypeVar("T")

Stamp = tuple[int, int, int, int]
#: Files kept when `lookup_open_max` does not say otherwise.
KEPT = 25


def kept_file(ctx: Context, family: str, path: str, purpose: str, load: Callable[[str], T]) -> T:
    """What `load` makes of the file. `family` names who keeps it; `purpose` goes into the error's text.

    Raises OpenFailure. `load` may raise OSError.
    """
    files: dict[tuple[str, str], tuple[Stamp, T]] = ctx.process.caches.setdefault("lookup.files", {})
    name = (family, path)
    try:
        status = file_status(ctx.process, path)
        if isinstance(status, OSError):
            raise OSError(status.errno, status.strerror, path)
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev)
        entry = files.get(name)
        if entry is not None and entry[0] == stamp:
            return entry[1]
        loaded = load(path)
    except OSError as error:
        files.pop(name, None)
        raise OpenFailure(path, purpose, error) from None
    files.pop(name, None)
    limit = max(1, getattr(ctx.process.main, "lookup_open_max", KEPT))
    while len(files) >= limit:
        del files[next(iter(files))]
    files[name] = (stamp, loaded)
    return loaded
