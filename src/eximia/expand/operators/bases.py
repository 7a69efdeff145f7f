"""Numbers in base 32 and 62, and base 64 text."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.pattern import pattern
from eximia.base.text import to_bytes
from eximia.expand.numbers import whole, wrap64
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context

DIGITS62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS32 = "abcdefghijklmnopqrstuvwxyz234567"
_VALUES62 = {char: value for value, char in enumerate(DIGITS62)}
_VALUES32 = {char: value for value, char in enumerate(DIGITS32)}
_NUMBER = pattern(r"[ \t\n\r\v\f]*([+-]?[0-9]+)$")
#: the greatest unsigned 64-bit number: anything greater counts as it
_MAX = 0xFFFFFFFFFFFFFFFF
_HEX = pattern(r"[0-9A-Fa-f]*$")


def _decimal(subject: str, name: str) -> int:
    """The operand as an unsigned 64-bit number."""
    if not subject:
        return 0
    match = _NUMBER.match(subject)
    if match is None or subject[-1] == "\n":
        raise ExpansionError(f'argument for {name} operator is "{subject}", which is not a decimal number')
    value = whole(match[1])
    return value & _MAX if -_MAX <= value <= _MAX else _MAX


def _from_digits(subject: str, name: str, values: dict[str, int]) -> str:
    total = 0
    base = len(values)
    for char in subject:
        value = values.get(char)
        if value is None:
            raise ExpansionError(
                f'argument for {name} operator is "{subject}", which is not a base {base} number',
            )
        total = (total * base + value) & _MAX
    return str(wrap64(total))


def _base32(ctx: Context, subject: str, argument: str | None) -> str:
    value = _decimal(subject, "base32")
    digits: list[str] = []
    while value:
        value, digit = divmod(value, 32)
        digits.append(DIGITS32[digit])
    return "".join(reversed(digits))


def _base32d(ctx: Context, subject: str, argument: str | None) -> str:
    return _from_digits(subject, "base32d", _VALUES32)


def _base62(ctx: Context, subject: str, argument: str | None) -> str:
    value = _decimal(subject, "base62")
    digits: list[str] = []
    for _ in range(6):
        value, digit = divmod(value, 62)
        digits.append(DIGITS62[digit])
    return "".join(reversed(digits))


def _base62d(ctx: Context, subject: str, argument: str | None) -> str:
    return _from_digits(subject, "base62d", _VALUES62)


def encode64(data: bytes) -> str:
    """Base 64 without line breaks."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


_ALPHABET64 = re.compile(r"[A-Za-z0-9+/]*")


def decode64(text: str) -> bytes | None:
    """The bytes of base 64 text, white space ignored; None when it is not well formed."""
    packed = re.sub(r"[ \t\n\r\v\f]+", "", text)
    body = packed.rstrip("=")
    padding = len(packed) - len(body)
    if len(packed) % 4 or padding > 2 or _ALPHABET64.fullmatch(body) is None:
        return None
    try:
        return binascii.a2b_base64(packed)
    except binascii.Error:
        return None


def _base64(ctx: Context, subject: str, argument: str | None) -> str:
    return encode64(to_bytes(subject))


def _base64d(ctx: Context, subject: str, argument: str | None) -> str:
    data = decode64(subject)
    if data is None:
        name = "base64d" if argument is None else f"base64d_{argument}"
        raise ExpansionError(f'string "{subject}" is not well-formed for "{name}" operator')
    return data.decode("latin-1")


def _hex2b64(ctx: Context, subject: str, argument: str | None) -> str:
    if _HEX.fullmatch(subject) is None:
        raise ExpansionError(f'"{subject}" is not a hex string')
    if len(subject) % 2:
        raise ExpansionError(f'"{subject}" contains an odd number of characters')
    return encode64(bytes.fromhex(subject))


BASE32 = Operator(_base32, safe=True)
BASE32D = Operator(_base32d, safe=True)
BASE62 = Operator(_base62, safe=True)
BASE62D = Operator(_base62d, safe=True)
BASE64 = Operator(_base64)
BASE64D = Operator(_base64d)
HEX2B64 = Operator(_hex2b64)
