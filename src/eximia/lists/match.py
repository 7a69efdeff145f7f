"""What matching gives, and the shape of what a list is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from eximia.base.errors import Defer
from eximia.base.text import EMPTY

if TYPE_CHECKING:
    from eximia.context import Context


class Match:
    """The subject is in the list. `data` is the value of manual 10.5 (Untainted where the list is)."""

    __slots__ = ("data",)

    def __init__(self, data: str = EMPTY) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Match({self.data!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Match) and other.data == self.data

    def __hash__(self) -> int:
        return hash(self.data)


#: A match without data.
PLAIN = Match()


class ListError(Defer):
    """The list cannot be used as it is: unknown named list, unknown lookup type, missing file.

    `reason` says why. Where that has its own log line already, `message` (which the caller logs) is empty.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class UnreadableFile(ListError):
    """A file that stands for items cannot be opened."""

    def __init__(self, path: str, why: str, *, positive: bool) -> None:
        self._item = path if positive else f"!{path}"
        self._why = why
        text = self.told(f'"{path}"')
        super().__init__(text, text)

    def told(self, asked: str) -> str:
        """The log line; `asked` is what was being checked."""
        return f"failed to open {self._item} when checking {asked}: {self._why}"


class BrokenLookup(Defer):
    """The lookup of an item cannot be done, now or later: its file cannot be opened."""


class UnexpandableList(ListError):
    """The text of the list cannot be expanded, which has its own log line."""


def is_broken(defer: Defer) -> bool:
    """The list, or a file that it needs, is not there: who is on it cannot be known until somebody mends it. (A list
    that cannot be expanded, or whose lookup defers, has no members for now.)"""
    return (
        isinstance(defer, ListError | BrokenLookup) and not isinstance(defer, UnexpandableList) and bool(defer.message)
    )


#: A positive item matched, a negative one did, none did.
Outcome = Match | Literal[False] | None

S_contra = TypeVar("S_contra", contravariant=True)


class Segment(Protocol[S_contra]):
    """One item of a list, or several neighbours that are tested in one step.

    `match` gives a Match when a positive item matched, False when a negative one did, None when none did. It may
    append to `numbers` what becomes $1, $2, ...; `numbers[0]` is $0.
    """

    def match(self, subject: S_contra, ctx: Context, numbers: list[str]) -> Outcome: ...


S = TypeVar("S")


class Tail(Protocol):
    """A last item that knows only when it is used whether it ends the list with a negative item: a file."""

    def last_negative(self, ctx: Context) -> bool: ...


class Compiled(Generic[S]):
    """A list made ready. When no item matched, the subject is in the list if the last item is negative.

    `cheap` tells that a match costs less than looking for a kept result.
    """

    __slots__ = ("_tail", "at_end", "cheap", "segments")

    def __init__(
        self,
        segments: Sequence[Segment[S]],
        *,
        last_negative: bool = False,
        cheap: bool = True,
        tail: Tail | None = None,
    ) -> None:
        self.segments = tuple(segments)
        self.at_end = PLAIN if last_negative else None
        self.cheap = cheap
        self._tail = tail

    def match(self, subject: S, ctx: Context, numbers: list[str]) -> Match | None:
        """The outcome for `subject`."""
        for segment in self.segments:
            outcome = segment.match(subject, ctx, numbers)
            if outcome is not None:
                return None if outcome is False else outcome
        if self._tail is not None:
            return PLAIN if self._tail.last_negative(ctx) else None
        return self.at_end


def signed(outcome: Match | None, positive: bool) -> Outcome:
    """The outcome of an item with its sign."""
    if outcome is None:
        return None
    return outcome if positive else False
