"""Regular expressions (`^...`) in domain and local part lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.lists.match import Match, Outcome, signed

if TYPE_CHECKING:
    from eximia.context import Context


class Pattern:
    """Matches the subject in its own case; letters count as equal in both cases unless the list is caseful."""

    __slots__ = ("_caseless", "_match", "_pattern", "_positive")

    def __init__(self, pattern: str, positive: bool, *, caseless: bool) -> None:
        self._pattern = pattern
        self._positive = positive
        self._caseless = caseless
        self._match = Match(pattern)

    def match(self, subject: str, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`. $0 is the whole subject."""
        found = ctx.process.services.regexes.search(self._pattern, subject, caseless=self._caseless)
        if found is None:
            return None
        numbers[:] = [subject, *found.captures()]
        return signed(self._match, self._positive)
