"""Name -> object, imported when it is first asked for.

A catalogue is the one line that makes a new file known: `{"lsearch": "eximia.lookups.lsearch:Lsearch"}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar, cast

T = TypeVar("T")


class Catalogue(Generic[T]):
    """A lazy, ordered mapping of names to objects. `kind` names the family in messages."""

    __slots__ = ("_loaded", "_where", "kind")

    def __init__(self, kind: str, where: Mapping[str, str]) -> None:
        self.kind = kind
        self._where = dict(where)
        self._loaded: dict[str, T] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)

    def get(self, name: str) -> T | None:
        """The object called `name`, imported on first use; None when there is no such name."""
        found = self._loaded.get(name)
        if found is None:
            where = self._where.get(name)
            if where is None:
                return None
            module, _, attribute = where.partition(":")
            found = cast("T", getattr(import_module(module), attribute))
            self._loaded[name] = found
        return found

    def where(self, name: str) -> str:
        """`module:attribute` of a name. Raises KeyError."""
        return self._where[name]

    def nearest(self, name: str) -> str | None:
        """The known name most like `name`, for "did you mean"."""
        from difflib import get_close_matches  # only for a message: it costs a millisecond of the start

        close = get_close_matches(name, self._where, n=1)
        return close[0] if close else None
