"""Message ids (manual 3.4; the longer form of 4.97).

The long form is 6-11-4: seconds, process id, microseconds, in base 62. The short form is 6-6-2, where the last part is
in units of 1/2000 second. With `localhost_number` n the last part of the long form is n * 500000 plus units of 2
microseconds, that of the short form n * 200 plus units of 1/200 second. Ids of one `IdSource` grow strictly; sources in
different processes differ in the process id.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUE: Final = {letter: value for value, letter in enumerate(DIGITS)}
_ALNUM: Final = frozenset(DIGITS)
_IN_IDS: Final = _ALNUM | {"-"}

LONG: Final = 23
SHORT: Final = 16
_PAIRS: Final = tuple(a + b for a in DIGITS for b in DIGITS)


def base62(value: int, width: int) -> str:
    """`value` in base 62 with at least `width` digits."""
    out: list[str] = []
    while value or len(out) < width:
        value, digit = divmod(value, 62)
        out.append(DIGITS[digit])
    return "".join(reversed(out))


def from_base62(text: str) -> int:
    """The number that `text` stands for. Raises ValueError for other characters."""
    value = 0
    for letter in text:
        try:
            value = value * 62 + _VALUE[letter]
        except KeyError:
            raise ValueError(text) from None
    return value


def is_message_id(text: str) -> bool:
    """True for both forms."""
    length = len(text)
    if length == LONG:
        return text[6] == "-" and text[18] == "-" and _ALNUM.issuperset(text[:6] + text[7:18] + text[19:])
    if length == SHORT:
        return text[6] == "-" and text[13] == "-" and _ALNUM.issuperset(text[:6] + text[7:13] + text[14:])
    return False


def ids_among(texts: list[str]) -> list[str]:
    """Those of `texts` that are message ids. For many at once: a queue may hold hundreds of thousands."""
    shaped = [text for text in texts if text[6:7] == "-" and (text[18:19] == "-" or len(text) == SHORT)]
    if set(map(len, shaped)) == {LONG}:
        together = "".join(shaped)
        # All have the two hyphens in their places: no more hyphens and no foreign letters, and all are ids.
        if together.count("-") == 2 * len(shaped) and _IN_IDS.issuperset(together):
            return shaped
    return [text for text in shaped if is_message_id(text)]


def seconds_of(message_id: str) -> int:
    """When the message began to be received, in whole seconds. Raises ValueError."""
    return from_base62(message_id[:6])


def parts_of(message_id: str, *, localhost_number: bool = False) -> tuple[float, int, int]:
    """(time with its fraction, process id, localhost number) of an id of either form. Raises ValueError.

    `localhost_number`: the host that made it had that option set.
    """
    if not is_message_id(message_id):
        raise ValueError(message_id)
    seconds, pid, last = (from_base62(part) for part in message_id.split("-"))
    long = len(message_id) == LONG
    if localhost_number:
        number, units = divmod(last, 500_000 if long else 200)
        return seconds + units / (500_000 if long else 200), pid, number
    return seconds + last / (1_000_000 if long else 2000), pid, 0


class IdSource:
    """Makes the ids of one process.

    `number` is `localhost_number` or None. `now_ns` is the clock (nanoseconds since 1970). After a fork `forked` reads
    the process id anew.
    """

    __slots__ = ("_last", "_now_ns", "_number", "_per_second", "_pid", "_short")

    def __init__(
        self,
        *,
        number: int | None = None,
        short: bool = False,
        pid: int | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._number = number
        self._short = short
        self._now_ns = now_ns
        if short:
            self._per_second = 2000 if number is None else 200
        else:
            self._per_second = 1_000_000 if number is None else 500_000
        self._last = 0
        self._pid = self._pid_text(os.getpid() if pid is None else pid)

    def _pid_text(self, pid: int) -> str:
        return base62(pid, 6 if self._short else 11)

    def forked(self) -> None:
        """Call in a new process that inherited this source."""
        self._pid = self._pid_text(os.getpid())

    def next(self) -> tuple[str, float]:
        """A new id, and the time it carries (seconds since 1970, with its fraction).

        When the clock stands still or goes back, ids continue one unit after the last: they may run ahead of the
        clock, but never repeat.
        """
        per_second = self._per_second
        ticks = self._now_ns() * per_second // 1_000_000_000
        if ticks <= self._last:
            ticks = self._last + 1
        self._last = ticks
        seconds, units = divmod(ticks, per_second)
        last = units if self._number is None else self._number * per_second + units
        high, low = divmod(last, 3844)
        tail = _PAIRS[low] if self._short else _PAIRS[high] + _PAIRS[low]
        s2, s1 = divmod(seconds, 3844)
        s3, s2 = divmod(s2, 3844)
        return f"{_PAIRS[s3]}{_PAIRS[s2]}{_PAIRS[s1]}-{self._pid}-{tail}", ticks / per_second
