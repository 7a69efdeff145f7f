"""SRS0 addresses of the string language (manual chapter 58.5): `${srs_encode ...}` and `inbound_srs`.

The form is `SRS0=hash=time=domain=local part`. The full scheme with SRS1 and its options is `mailauth.srs`.
"""

from __future__ import annotations

import hmac
import re

from eximia.base.pattern import pattern
from eximia.base.text import to_bytes
from eximia.expand.operators.bases import DIGITS32
from eximia.expand.operators.case import lower

#: days that an address is good
LIFETIME = 10
PATTERN = pattern(r"SRS0=([^=]+)=([A-Z2-7])([A-Z2-7])=([^=]*)=(.*)", re.IGNORECASE | re.DOTALL)


def stamp(now: float) -> str:
    """The day in two base 32 digits."""
    days = int(now) // 86400 % 1024
    return DIGITS32[days >> 5] + DIGITS32[days & 31]


def signature(secret: str, address: str) -> str:
    """The four hexadecimal digits that sign `address` (case of letters does not count)."""
    return hmac.new(to_bytes(secret), to_bytes(lower(address)), "md5").hexdigest()[:4]


def fresh(first: str, second: str, now: float) -> bool:
    """True when the day of the two digits is not in the future and not too long ago."""
    high, low = DIGITS32.find(first), DIGITS32.find(second)
    if high < 0 or low < 0:
        return False
    return (int(now) // 86400 - (high << 5 | low)) % 1024 <= LIFETIME
