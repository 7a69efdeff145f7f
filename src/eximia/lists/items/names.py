"""Literal names and `*suffix` patterns: neighbours are tested together, by hash, without losing their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.namedtuple import NamedTuple
from eximia.lists.match import Match, Outcome

if TYPE_CHECKING:
    from eximia.context import Context

#: With fewer suffixes than this, trying each is faster than hashing every tail of the subject.
FEW_SUFFIXES = 12


class Found(NamedTuple):
    """Which item of a run matched: its place, its outcome, what its asterisk stands for (None: it has none)."""

    place: int
    outcome: Outcome
    wild: str | None
    local_part: bool


class _Entry(NamedTuple):
    place: int
    outcome: Outcome
    local_part: bool


class Names:
    """A run of literal names and suffix patterns of a domain or local part list."""

    __slots__ = ("_caseless", "_exact", "_few", "_last", "_lengths", "_suffixes")

    def __init__(self, *, caseless: bool) -> None:
        self._caseless = caseless
        #: name -> its item; the first of equal names counts
        self._exact: dict[str, _Entry] = {}
        self._suffixes: dict[str, _Entry] = {}
        self._few: list[tuple[str, _Entry]] = []
        self._lengths: tuple[int, ...] = ()
        self._last = 0

    def add(self, pattern: str, positive: bool, data: str, *, place: int = -1, local_part: bool = False) -> None:
        """Append an item; a pattern that starts with `*` matches ends. `place` counts in an outer run."""
        entry = _Entry(self._last if place < 0 else place, Match(data) if positive else False, local_part)
        self._last += 1
        if self._caseless:
            pattern = pattern.lower()
        if not pattern.startswith("*"):
            self._exact.setdefault(pattern, entry)
            return
        suffix = pattern[1:]
        if suffix not in self._suffixes:
            self._suffixes[suffix] = entry
            if len(self._few) < FEW_SUFFIXES:
                self._few.append((suffix, entry))
            if len(suffix) not in self._lengths:
                self._lengths = (*self._lengths, len(suffix))

    def match(self, subject: str, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        if self._caseless:
            subject = subject.lower()
        else:
            numbers[0] = subject
        entry = self._exact.get(subject)
        if not self._few:
            return None if entry is None else entry[1]
        suffix, entry = self._suffix(subject, entry)
        if entry is None:
            return None
        if suffix is not None:
            numbers.append(subject[: len(subject) - len(suffix)])
        return entry[1]

    def find(self, subject: str) -> Found | None:
        """As `match`, for a run inside another. `subject` is in the right case."""
        suffix, entry = self._suffix(subject, self._exact.get(subject))
        if entry is None:
            return None
        wild = None if suffix is None else subject[: len(subject) - len(suffix)]
        return Found(entry.place, entry.outcome, wild, entry.local_part)

    def _suffix(self, subject: str, entry: _Entry | None) -> tuple[str | None, _Entry | None]:
        """The suffix pattern that stands before `entry` (the literal that matched), or None and `entry`."""
        suffix = None
        if len(self._suffixes) < FEW_SUFFIXES:
            for text, candidate in self._few:
                if entry is not None and entry[0] < candidate[0]:
                    break
                if subject.endswith(text):
                    return text, candidate
            return None, entry
        size = len(subject)
        for length in self._lengths:
            if length <= size:
                text = subject[size - length :]
                found = self._suffixes.get(text)
                if found is not None and (entry is None or found[0] < entry[0]):
                    suffix, entry = text, found
        return suffix, entry
