"""What the program remembers to do better next time: retry, wait, callout, ratelimit, seen, misc and tls databases.

Everything in here may be deleted at any moment without losing mail (manual chapters 32, 44.39, 44.48, 54.12).
"""

from __future__ import annotations

from .records import (
    CalloutAddress,
    CalloutDomain,
    GreylistRecord,
    MiscRecord,
    RateRecord,
    RetryRecord,
    SeenRecord,
    TlsRecord,
    WaitRecord,
)
from .store import Hints, Table

__all__ = [
    "CalloutAddress",
    "CalloutDomain",
    "GreylistRecord",
    "Hints",
    "MiscRecord",
    "RateRecord",
    "RetryRecord",
    "SeenRecord",
    "Table",
    "TlsRecord",
    "WaitRecord",
]
