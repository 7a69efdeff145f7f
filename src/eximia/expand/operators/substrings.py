"""`substr`, `length`, `hash`, `nhash`, `strlen` as operators; the same functions serve the items."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import cycle, islice
from operator import mul
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.pattern import pattern
from eximia.base.text import to_bytes
from eximia.expand.numbers import clamped32, whole, wrap32
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context

#: the alphabet as every Exim has it: `t` stands before `s`
HASH_CODES = "abcdefghijklmnopqrtsuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#: the primes by which the characters of a string are weighed in `nhash`, over and over
_PRIMES = (
    113, 109, 107, 103, 101, 97, 89, 83, 79, 73, 71, 67, 61, 59, 53, 47, 43, 41, 37, 31, 29, 23, 19, 17, 13, 11, 7,
    5, 3,
)  # fmt: skip
_WEIGHTS = _PRIMES * 9
_ARGUMENT = pattern(r"(-?[0-9]*)(?:_([0-9]+))?")
_INTEGER = pattern(r"[ \t\n\r\v\f]*([+-]?[0-9]+)")


def substr(text: str, start: int, length: int) -> str:
    """`length` characters from offset `start`; a negative offset counts from the end; length -1: to the end, or
    with a negative offset all that stands before it."""
    size = len(text)
    if start < 0:
        offset = size + start
        if length < 0:
            return text[:offset] if offset > 0 else ""
        if offset < 0:
            length += offset
            if length < 0:
                return ""
            offset = 0
        start = offset
    elif start > size:
        return ""
    return text[start:] if length < 0 else text[start : start + length]


def text_hash(text: str, size: int, codes: int) -> str:
    """The textual hash: `size` characters out of the first `codes` of the alphabet (default 26)."""
    if codes < 0:
        codes = 26
    elif codes > len(HASH_CODES):
        raise ExpansionError(f'hash count "{codes}" too big')
    if size < 0:
        raise ExpansionError(f'"{size}" is not a positive number (in "hash" expansion)')
    if size >= len(text):
        return text
    if codes == 0:
        raise ExpansionError("hash count must not be zero")
    if size == 0:
        return ""
    out = list(to_bytes(text[:size]))
    for index, code in enumerate(to_bytes(text[size:]), size):
        shift = (code + index) & 7
        out[index % size] ^= (code << shift | code >> (8 - shift)) & 0xFF
    return "".join(HASH_CODES[code % codes] for code in out)


def number_hash(text: str, first: int, second: int) -> str:
    """The numeric hash: a number below `first`, or two, separated by a slash, when `second` is not negative."""
    data = to_bytes(text)
    weights = _WEIGHTS if len(data) <= len(_WEIGHTS) else islice(cycle(_PRIMES), len(data))
    total = sum(map(mul, data, weights)) & 0xFFFFFFFF
    if first == 0 or second == 0:
        raise ExpansionError("a divisor of nhash must not be zero")
    first &= 0xFFFFFFFF
    if second < 0:
        return str(total % first)
    left, right = divmod(total % (first * second), second)
    return f"{left}/{right}"


def number(text: str, name: str, *, positive: bool = False) -> int:
    """A numeric argument of the items; empty is zero. Raises ExpansionError."""
    if not text:
        return 0
    match = _INTEGER.fullmatch(text)
    value = 0 if match is None else clamped32(whole(match[1]))
    if match is None or (positive and value < 0):
        kind = "positive number" if positive else "number"
        raise ExpansionError(f'"{text}" is not a {kind} (in "{name}" expansion)')
    return value


@lru_cache(maxsize=512)
def _arguments(name: str, argument: str | None, most: int) -> tuple[int, int]:
    """The one or two numbers behind an operator's underscore; -1 where the second is missing."""
    if argument is None:
        raise ExpansionError(f"missing values after {name}")
    match = _ARGUMENT.fullmatch(argument)
    if (
        match is None
        or (most == 1 and match[2] is not None)
        or (match[1].startswith("-") and name not in ("s", "substr"))
        or (match[2] is not None and not match[1])
    ):
        raise ExpansionError(f'non-digit after underscore in "{name}_{argument}"')
    second = wrap32(int(match[2][:25])) if match[2] is not None else -1
    digits = match[1].removeprefix("-")[:25] or "0"
    return wrap32(-int(digits) if match[1].startswith("-") else int(digits)), second


def _substr(name: str) -> Callable[[Context, str, str | None], str]:
    def apply(ctx: Context, subject: str, argument: str | None) -> str:
        start, length = _arguments(name, argument, 2)
        return substr(subject, start, length)

    return apply


def _length(name: str) -> Callable[[Context, str, str | None], str]:
    def apply(ctx: Context, subject: str, argument: str | None) -> str:
        return subject[: _arguments(name, argument, 1)[0]]

    return apply


def _hash(name: str) -> Callable[[Context, str, str | None], str]:
    def apply(ctx: Context, subject: str, argument: str | None) -> str:
        size, codes = _arguments(name, argument, 2)
        return text_hash(subject, size, codes)

    return apply


def _nhash(name: str) -> Callable[[Context, str, str | None], str]:
    def apply(ctx: Context, subject: str, argument: str | None) -> str:
        first, second = _arguments(name, argument, 2)
        return number_hash(subject, first, second)

    return apply


def _strlen(ctx: Context, subject: str, argument: str | None) -> str:
    return str(len(subject))


SUBSTR, S = Operator(_substr("substr")), Operator(_substr("s"))
LENGTH, L = Operator(_length("length")), Operator(_length("l"))
HASH, H = Operator(_hash("hash")), Operator(_hash("h"))
NHASH, NH = Operator(_nhash("nhash"), safe=True), Operator(_nhash("nh"), safe=True)
STRLEN = Operator(_strlen, safe=True)
