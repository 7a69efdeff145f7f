"""Answers kept for as long as their TTL allows (a member of Process under `caches["dns"]`). Bounded by count."""

from __future__ import annotations

from .answer import Answer, Status


class AnswerCache:
    """Maps (name, type) to an answer and the moment it ends. Failures are not kept."""

    __slots__ = ("_entries", "_limit", "hits", "misses")

    def __init__(self, limit: int = 20_000) -> None:
        self._entries: dict[tuple[str, str], tuple[float, Answer]] = {}
        self._limit = limit
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, name: str, type_: str, now: float) -> Answer | None:
        """The kept answer, or None when there is none or its time is over. `now` is the monotonic clock."""
        entry = self._entries.get((name.lower(), type_))
        if entry is not None and entry[0] > now:
            self.hits += 1
            return entry[1]
        self.misses += 1
        return None

    def put(self, name: str, type_: str, answer: Answer, now: float) -> None:
        """Keep `answer`, unless it is a failure or has no time to live."""
        if answer.ttl <= 0 or answer.status is Status.AGAIN:
            return
        entries = self._entries
        key = (name.lower(), type_)
        # Taking it out first makes the order of the dictionary the order of arrival.
        entries.pop(key, None)
        if len(entries) >= self._limit:
            self._make_room(now)
        entries[key] = (now + answer.ttl, answer)

    def _make_room(self, now: float) -> None:
        """Drop what has ended; when that is not an eighth of all, the oldest as well."""
        entries = self._entries
        for key in [key for key, (end, _) in entries.items() if end <= now]:
            del entries[key]
        surplus = len(entries) - self._limit * 7 // 8
        if surplus > 0:
            for key in list(entries)[:surplus]:
                del entries[key]

    def clear(self) -> None:
        self._entries.clear()
