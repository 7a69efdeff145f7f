"""Domain lists and local part lists (manual 10.9, 10.22): the same items, but `@...` has a meaning in domain lists
only, and case may count in local part lists only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import marked

from .items.file import FileItems
from .items.local import PrimaryHostname, compile_local
from .items.lookup import Lookup, split_lookup
from .items.names import Names
from .items.pattern import Pattern
from .kind import ListKind, Named, sign
from .match import Compiled, Segment

if TYPE_CHECKING:
    from eximia.context import Context


class NameKind(ListKind[str]):
    """Lists whose subject is one name."""

    __slots__ = ("_domains",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._domains = name == "domain"

    def result_key(self, subject: str) -> str:
        return subject

    def compile(self, items: list[str], ctx: Context, *, caseful: bool = False, in_file: bool = False) -> Compiled[str]:
        """See `ListKind.compile`."""
        segments: list[Segment[str]] = []
        names: Names | None = None
        tail: FileItems[str] | None = None
        last_negative = False
        cheap = True
        for item in items:
            item, positive = sign(item)
            if item == "+caseful" and positive and not self._domains:
                caseful = True
                names = None
                continue
            last_negative = not positive
            tail = None
            segment = self._special(item, positive, caseful=caseful, in_file=in_file)
            if segment is not None:
                segments.append(segment)
                names = None
                cheap = cheap and isinstance(segment, PrimaryHostname)
                if isinstance(segment, FileItems):
                    tail = segment
                continue
            if names is None:
                names = Names(caseless=not caseful)
                segments.append(names)
            names.add(item, positive, item)
        return Compiled(segments, last_negative=last_negative, cheap=cheap, tail=tail)

    def _special(self, item: str, positive: bool, *, caseful: bool, in_file: bool) -> Segment[str] | None:
        """The segment of an item that is neither a literal name nor a suffix pattern."""
        first = item[:1]
        if first == "*":
            return None
        if first == "^":
            return Pattern(item, positive, caseless=not caseful)
        if first == "+" and not in_file:
            return Named(self, marked(item[1:], item), positive, caseful=caseful)
        if first == "/" and not in_file:

            def compile_file(lines: list[str], ctx: Context) -> Compiled[str]:
                return self.compile(lines, ctx, caseful=caseful, in_file=True)

            kind = self.name + " caseful" if caseful else self.name
            return FileItems(item, positive, kind, compile_file, comment_anywhere=self._domains)
        if first == "@" and self._domains:
            special = compile_local(item, positive)
            if special is not None:
                return special
        lookup = split_lookup(item)
        if lookup is not None:
            return Lookup(*lookup, positive, caseless=not caseful, data=item if in_file else None)
        return None


DOMAINS = NameKind("domain")
LOCAL_PARTS = NameKind("local_part")
