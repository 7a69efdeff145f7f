"""`crypteq{password}{encrypted}`: a password against its stored form."""

from __future__ import annotations

import hashlib
import hmac
import re
import warnings
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.pattern import pattern
from eximia.base.text import to_bytes
from eximia.expand.conditions.simple import TwoStrings
from eximia.expand.operators.bases import encode64

if TYPE_CHECKING:
    from eximia.context import Context

_SCHEME = pattern(r"\{(md5|sha1|crypt|crypt16)\}(.*)", re.IGNORECASE | re.DOTALL)
#: characters of the password that each half of a 16 character password has
_HALF = 8


def _crypt(password: str, stored: str) -> str | None:
    """crypt(3); None when the system cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import crypt
        except ImportError:
            return None
        try:
            return crypt.crypt(to_bytes(password).decode("latin-1"), stored)
        except (OSError, ValueError):
            return None


def _crypt16(password: str, stored: str) -> str | None:
    """Two calls of crypt: the second half of a long password is appended to the first's result."""
    first = _crypt(password[:_HALF], stored)
    if first is None or len(stored) <= 13:
        return first
    second = _crypt(password[_HALF : 2 * _HALF], stored)
    return None if second is None else first + second[2:]


def _digest(algorithm: str, password: str, stored: str) -> bool:
    """A digest in base 64 or in hexadecimal, told apart by its length."""
    digest = hashlib.new(algorithm, to_bytes(password))
    packed = encode64(digest.digest())
    if len(stored) == len(packed):
        return hmac.compare_digest(stored.encode("latin-1"), packed.encode("ascii"))
    if len(stored) == 2 * digest.digest_size:
        return hmac.compare_digest(stored.lower().encode("latin-1"), digest.hexdigest().encode("ascii"))
    return False


def _crypteq(ctx: Context, password: str, encrypted: str) -> bool:
    scheme, stored = "crypt", encrypted
    if encrypted.startswith("{"):
        match = _SCHEME.fullmatch(encrypted)
        if match is None:
            raise ExpansionError(f'unknown encryption mechanism in "{encrypted}"')
        scheme, stored = match[1].lower(), match[2]
    if scheme in ("md5", "sha1"):
        return _digest(scheme, password, stored)
    if len(stored) < 2:
        return False
    made = _crypt(password, stored) if scheme == "crypt" else _crypt16(password, stored)
    if made is None:
        return False
    return hmac.compare_digest(made.encode("latin-1"), to_bytes(stored))


CRYPTEQ = TwoStrings(_crypteq)
