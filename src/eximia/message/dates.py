"""Dates and times as text: RFC 5322 section 3.3, log timestamps (manual 53), the `$tod_...` variables.

All take seconds since 1970 UTC. Local time is that of the process (`use_timezone`), as Exim's option `timezone` has it.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def use_timezone(name: str) -> None:
    """Make `name` (the option `timezone`; empty: the system's own) the local time zone of this process."""
    if name:
        os.environ["TZ"] = name
    else:
        os.environ.pop("TZ", None)
    time.tzset()
    _rfc5322.cache_clear()


def zone(seconds: int) -> str:
    """`+0100`: what local time was ahead of UTC at `seconds`."""
    offset = time.localtime(seconds).tm_gmtoff // 60
    sign = "-" if offset < 0 else "+"
    offset = abs(offset)
    return f"{sign}{offset // 60:02d}{offset % 60:02d}"


def rfc5322(seconds: float) -> str:
    """`Sun, 22 Nov 2026 08:50:47 +0000`: Date: and Received: headers, `$tod_full`."""
    return _rfc5322(int(seconds))


@lru_cache(maxsize=8)
def _rfc5322(seconds: int) -> str:
    t = time.localtime(seconds)
    return (
        f"{_DAYS[t.tm_wday]}, {t.tm_mday:02d} {_MONTHS[t.tm_mon - 1]} {t.tm_year} "
        f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d} {zone(seconds)}"
    )


def log_stamp(seconds: float, *, millisec: bool = False, with_zone: bool = False) -> str:
    """`2026-11-22 08:50:47`, with `.123` for the selector `millisec`, with ` +0100` for `log_timezone`."""
    whole = int(seconds)
    t = time.localtime(whole)
    text = f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d} {t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
    if millisec:
        text += f".{int((seconds - whole) * 1000):03d}"
    if with_zone:
        text += " " + zone(whole)
    return text


def mbox(seconds: float) -> str:
    """`Sun Nov 22 08:50:47 2026`: the "From " line of a mailbox, `$tod_bsdinbox`."""
    t = time.localtime(int(seconds))
    clock = f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
    return f"{_DAYS[t.tm_wday]} {_MONTHS[t.tm_mon - 1]} {t.tm_mday:02d} {clock} {t.tm_year}"


def zulu(seconds: float) -> str:
    """`20261122085047Z`: `$tod_zulu`."""
    return _zulu(int(seconds))


@lru_cache(maxsize=4)
def _zulu(seconds: int) -> str:
    t = time.gmtime(seconds)
    return f"{t.tm_year}{t.tm_mon:02d}{t.tm_mday:02d}{t.tm_hour:02d}{t.tm_min:02d}{t.tm_sec:02d}Z"


def log_day(seconds: float) -> str:
    """`20261122`: `$tod_logfile` and `%D` in `log_file_path`."""
    t = time.localtime(int(seconds))
    return f"{t.tm_year}{t.tm_mon:02d}{t.tm_mday:02d}"


def interval(seconds: int) -> str:
    """`3m45s`, `2w1d`: how Exim shows a length of time. Zero is `0s`."""
    if seconds <= 0:
        return "0s" if seconds == 0 else f"-{interval(-seconds)}"
    parts = []
    for length, letter in ((604800, "w"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{letter}")
    return "".join(parts)


def elapsed(seconds: float, *, millisec: bool = False) -> str:
    """The value of RT=, DT=, QT=, D=: `3m45s`; below five seconds with `millisec` also thousandths, `1.578s`."""
    if seconds < 0:
        seconds = 0.0
    whole = int(seconds)
    if millisec and whole < 5:
        return f"{whole}.{int((seconds - whole) * 1000):03d}s"
    return interval(whole)
