"""What types make of files, kept in the process until the file changes or others need the room."""

from __future__ import annotations

from collections.abc import Callable
from stat import S_ISREG
from typing import TYPE_CHECKING, TypeVar

from eximia.base.errors import ExpansionError
from eximia.context.file_status import file_status

from .types import OpenFailure

if TYPE_CHECKING:
    from eximia.context import Context

T = TypeVar("T")

Stamp = tuple[int, int, int, int]
#: Files kept when `lookup_open_max` does not say otherwise.
KEPT = 25
#: the purpose of text files that are read line by line, as an error has it
LINES = "for linear search"


def kept_lines(ctx: Context, family: str, path: str, load: Callable[[str], T]) -> T:
    """`kept_file` for a text that is read line by line. Raises ExpansionError too, for a directory, device or pipe."""
    return kept_file(ctx, family, path, LINES, load, only_regular=True)


def kept_file(
    ctx: Context, family: str, path: str, purpose: str, load: Callable[[str], T], *, only_regular: bool = False
) -> T:
    """What `load` makes of the file. `family` names who keeps it; `purpose` goes into the error's text.

    Raises OpenFailure; ExpansionError for what is no regular file where it must be.
    `load` may raise OSError.
    """
    files: dict[tuple[str, str], tuple[Stamp, T]] = ctx.process.caches.setdefault("lookup.files", {})
    name = (family, path)
    try:
        status = file_status(ctx.process, path)
        if isinstance(status, OSError):
            raise OSError(status.errno, status.strerror, path)
        if only_regular and not S_ISREG(status.st_mode):
            raise ExpansionError(f"{path} is not a regular file (lsearch lookup)")
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
