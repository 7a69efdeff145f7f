"""A file of items, one a line (manual 10.3). Parsed when it is first used and again when it changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from eximia.base.text import Untainted, from_bytes, is_tainted, to_bytes
from eximia.context.user_files import content
from eximia.lists.match import PLAIN, Compiled, ListError, Outcome, UnreadableFile

if TYPE_CHECKING:
    from eximia.context import Context

S = TypeVar("S")

#: Files kept parsed in a process.
KEPT = 256


def _without_comment(line: str, *, anywhere: bool) -> str:
    """The line up to its comment. Where `#` may be data (`anywhere` false), white space must stand before it."""
    at = line.find("#")
    while at >= 0:
        if anywhere or at == 0 or line[at - 1].isspace():
            return line[:at]
        at = line.find("#", at + 1)
    return line


def read_items(ctx: Context, path: str, *, comment_anywhere: bool) -> list[str]:
    """The items of a file, Untainted: who may write the file is trusted with the configuration. Raises OSError."""
    text = from_bytes(content(ctx, to_bytes(path)))
    items: list[str] = []
    for line in text.split("\n"):
        item = _without_comment(line, anywhere=comment_anywhere).strip(" \t\r\f\v")
        if item:
            items.append(Untainted(item))
    return items


class FileItems(Generic[S]):
    """The lines of a file in the place of the item. `compiler` makes them ready."""

    __slots__ = ("_comment_anywhere", "_compiler", "_kind", "_path", "_positive")

    def __init__(
        self,
        path: str,
        positive: bool,
        kind: str,
        compiler: Callable[[list[str], Context], Compiled[S]],
        *,
        comment_anywhere: bool,
    ) -> None:
        if is_tainted(path):
            raise ListError(f"Tainted filename '{path}'", f"Tainted filename '{path}'")
        self._path = path
        self._positive = positive
        self._kind = kind
        self._compiler = compiler
        self._comment_anywhere = comment_anywhere

    def _compiled(self, ctx: Context) -> Compiled[S]:
        kept: dict[tuple[str, str], tuple[tuple[int, int, int], Compiled[S]]]
        kept = ctx.process.caches.setdefault("list.files", {})
        path = self._path
        if ctx.message.acting is not None:
            try:
                return self._compiler(read_items(ctx, path, comment_anywhere=self._comment_anywhere), ctx)
            except OSError as error:
                raise self._unusable(error) from None
        try:
            status = os.stat(path)
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            entry = kept.get((self._kind, path))
            if entry is not None and entry[0] == stamp:
                return entry[1]
            items = read_items(ctx, path, comment_anywhere=self._comment_anywhere)
        except OSError as error:
            raise self._unusable(error) from None
        compiled = self._compiler(items, ctx)
        if len(kept) >= KEPT:
            kept.clear()
        kept[self._kind, path] = (stamp, compiled)
        return compiled

    def _unusable(self, error: OSError) -> ListError:
        return UnreadableFile(self._path, str(error.strerror), positive=self._positive)

    def match(self, subject: S, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`. With `!` before the file name, what matches inside turns round."""
        for segment in self._compiled(ctx).segments:
            outcome = segment.match(subject, ctx, numbers)
            if outcome is not None:
                if self._positive:
                    return outcome
                return PLAIN if outcome is False else False
        return None

    def last_negative(self, ctx: Context) -> bool:
        """Whether the file's last line is a negative item, seen from the outer list."""
        return (self._compiled(ctx).at_end is not None) is self._positive
