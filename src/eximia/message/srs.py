"""SRS0 addresses in the form of the string language (manual chapter 58.5): `${srs_encode ...}` and `inbound_srs`.

The form is `SRS0=hash=time=domain=local part`, the hash four hexadecimal digits of an HMAC with MD5. The scheme that
other software uses, with SRS1 and its options, is `mailauth.srs`.
"""

from __future__ import annotations

import hmac
import re

from eximia.base.pattern import pattern
from eximia.base.text import from_bytes, to_bytes

from .address import AddressSyntaxError, Syntax, parse_address

#: days that an address is good
LIFETIME = 10
DIGITS32 = "abcdefghijklmnopqrstuvwxyz234567"
PATTERN = pattern(r"SRS0=([^=]+)=([A-Z2-7])([A-Z2-7])=([^=]*)=(.*)", re.IGNORECASE | re.DOTALL)
#: local parts that need no quotes; dots may stand anywhere, as in the addresses that Exim takes
_PLAIN = pattern(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]*")
#: a quoted pair, or a quote that opens or closes
_QUOTES = pattern(r'(\\.)|"', re.DOTALL)
_ESCAPED = pattern(r'(["\\])')
_SYNTAX = Syntax(allow_domain_literals=True)


def stamp(now: float) -> str:
    """The day in two base 32 digits."""
    days = int(now) // 86400 % 1024
    return DIGITS32[days >> 5] + DIGITS32[days & 31]


def signature(secret: str, address: str) -> str:
    """The four hexadecimal digits that sign `address` (case of letters does not count)."""
    return hmac.new(to_bytes(secret), to_bytes(address).lower(), "md5").hexdigest()[:4]


def fresh(first: str, second: str, now: float) -> bool:
    """True when the day of the two digits is not in the future and not too long ago."""
    high, low = DIGITS32.find(first), DIGITS32.find(second)
    if high < 0 or low < 0:
        return False
    return (int(now) // 86400 - (high << 5 | low)) % 1024 <= LIFETIME


def encode(secret: str, sender: str, domain: str, now: float) -> str:
    """The address at `domain` that stands for `sender`; empty for an empty sender. Raises AddressSyntaxError."""
    if not sender:
        return ""
    parsed = parse_address(sender, syntax=_SYNTAX)
    local_part = parsed.local_part
    quoted = '"' in local_part
    if quoted:
        local_part = _QUOTES.sub(r"\1", local_part)
    made = f"SRS0={signature(secret, parsed.address)}={stamp(now)}={parsed.domain}={local_part}"
    return f'"{made}"@{domain}' if quoted else f"{made}@{domain}"


def decode(local_part: str, secret: str, now: float) -> str | None:
    """The address that a local part stands for, in lower case as Exim gives it; None when it is none of ours, or too
    old. Without a secret, only the form counts."""
    match = PATTERN.fullmatch(local_part)
    if match is None:
        return None
    signed, first, second, domain, original = match.groups()
    if _PLAIN.fullmatch(local_part) is None:
        original = '"' + _ESCAPED.sub(r"\\\1", original) + '"'
    address = from_bytes(to_bytes(f"{original}@{domain}").lower())
    if secret:
        if not fresh(first, second, now):
            return None
        if not hmac.compare_digest(to_bytes(signature(secret, address)), to_bytes(signed)):
            return None
    return address


__all__ = ["AddressSyntaxError", "decode", "encode"]
