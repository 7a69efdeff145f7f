"""One decision makes one step; debug output, -bh commentary, `explain`, JSON logs and metrics read the steps.

`Process.trace` is None when nobody reads, so that the hot path pays one attribute test.
"""

from __future__ import annotations

from collections.abc import Callable

from eximia.base.namedtuple import NamedTuple

from .span import Span


class Step(NamedTuple):
    """A decision: `kind` (acl, condition, router, lookup, rewrite, retry, delivery...), where it is configured,
    on what, with which outcome, and why."""

    kind: str
    span: Span
    subject: str
    outcome: str
    why: str = ""


class Trace:
    """Hands steps and debug text to its readers."""

    __slots__ = ("_debug_readers", "_readers", "categories")

    def __init__(self) -> None:
        self._readers: list[Callable[[Step], None]] = []
        self._debug_readers: list[Callable[[str, str], None]] = []
        #: categories of debug text somebody wants (`-d+route`); empty: none
        self.categories: frozenset[str] = frozenset()

    def add_reader(self, reader: Callable[[Step], None]) -> None:
        self._readers.append(reader)

    def add_debug_reader(self, reader: Callable[[str, str], None]) -> None:
        self._debug_readers.append(reader)

    def remove_debug_reader(self, reader: Callable[[str, str], None]) -> None:
        self._debug_readers.remove(reader)

    @property
    def read(self) -> bool:
        """Whether anybody reads at all."""
        return bool(self._readers or self._debug_readers)

    def step(self, kind: str, span: Span, subject: str, outcome: str, why: str = "") -> None:
        step = Step(kind, span, subject, outcome, why)
        for reader in self._readers:
            reader(step)

    def debug(self, category: str, text: str) -> None:
        """Text for people, in Exim's debug wording; dropped when its category is not wanted."""
        if category in self.categories:
            for reader in self._debug_readers:
                reader(category, text)
