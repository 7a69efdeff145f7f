"""What came of a DNS question."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Status(Enum):
    """The kinds of outcome that policy tells apart."""

    FOUND = "found"
    NODATA = "no data"
    NXDOMAIN = "no such domain"
    AGAIN = "try again"  #: no answer, SERVFAIL, REFUSED, malformed
    FAIL = "failed"  #: will not get better: the name cannot be asked


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, the records of the asked type (typed values, see dns.records), and what DNSSEC says.

    `name` is the name at the end of the CNAME chain; `secure` is the AD bit of a trusted resolver;
    `ttl` seconds for which the answer may be kept.
    """

    status: Status
    records: tuple[Any, ...] = ()
    name: str = ""
    secure: bool = False
    ttl: int = 0
    why: str = ""
