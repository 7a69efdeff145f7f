"""A set of texts that remembers the order in which they came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableSet


class OrderedSet(MutableSet[str]):
    """What is added again stays where it was. Equal to any set with the same members."""

    __slots__ = ("_members",)

    def __init__(self, members: Iterable[str] = ()) -> None:
        self._members = dict.fromkeys(members)

    def __contains__(self, text: object) -> bool:
        return text in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return f"OrderedSet({list(self._members)!r})"

    def add(self, value: str) -> None:
        self._members[value] = None

    def discard(self, value: str) -> None:
        self._members.pop(value, None)

    def update(self, members: Iterable[str]) -> None:
        """Add all of them, in their order."""
        self._members.update(dict.fromkeys(members))
