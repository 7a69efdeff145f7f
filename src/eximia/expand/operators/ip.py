"""Operators on IP addresses: `mask`, `ipv6norm`, `ipv6denorm`, `reverse_ip`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.addressing import ip_words
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context


def _words6(subject: str) -> list[int]:
    """Eight 16-bit words; IPv4 addresses become mapped ones."""
    words = ip_words(subject)
    if words is None:
        raise ExpansionError(f'"{subject}" is not an IP address')
    if len(words) == 4:
        a, b, c, d = words
        return [0, 0, 0, 0, 0, 0xFFFF, a << 8 | b, c << 8 | d]
    return words


def compress(words: list[int]) -> str:
    """An IPv6 address in its shortest form; of equally long runs of zeros the first is replaced."""
    best_start, best_length = -1, 0
    start = -1
    for index, word in enumerate([*words, 1]):
        if word == 0:
            if start < 0:
                start = index
        elif start >= 0:
            if index - start > best_length:
                best_start, best_length = start, index - start
            start = -1
    texts = [f"{word:x}" for word in words]
    if best_length < 1:
        return ":".join(texts)
    return ":".join(texts[:best_start]) + "::" + ":".join(texts[best_start + best_length :])


def _ipv6norm(ctx: Context, subject: str, argument: str | None) -> str:
    return compress(_words6(subject))


def _ipv6denorm(ctx: Context, subject: str, argument: str | None) -> str:
    return ":".join(f"{word:04x}" for word in _words6(subject))


def _mask(ctx: Context, subject: str, argument: str | None) -> str:
    address, slash, bits = subject.partition("/")
    if "/" in bits or (bits and not (bits.isdigit() and bits.isascii())):
        raise ExpansionError(f'"{subject}" is not an IP address')
    words = ip_words(address)
    if words is None:
        raise ExpansionError(f'"{subject}" is not an IP address')
    if not slash:
        raise ExpansionError(f'missing mask value in "{subject}"')
    wide = len(words) == 8
    size, length = (16, 128) if wide else (8, 32)
    count = int(bits[:10] or "0")
    if count > length:
        raise ExpansionError(f'mask value too big in "{subject}"')
    kept: list[int] = []
    left = count
    for word in words:
        take = min(max(left, 0), size)
        kept.append(word & ((1 << size) - 1) ^ ((1 << (size - take)) - 1) & word)
        left -= size
    if not wide:
        return ".".join(map(str, kept)) + f"/{count}"
    if argument == "n":
        return f"{compress(kept)}/{count}"
    return ".".join(f"{word:04x}" for word in kept) + f"/{count}"


def reverse_ip(address: str) -> str | None:
    """The address in the order of the DNS, without a domain; None when it is not one."""
    words = ip_words(address)
    if words is None:
        return None
    if len(words) == 4:
        return ".".join(str(word) for word in reversed(words))
    nibbles = "".join(f"{word:04x}" for word in words)
    return ".".join(reversed(nibbles))


def _reverse_ip(ctx: Context, subject: str, argument: str | None) -> str:
    address, slash, mask = subject.partition("/")
    # A mask is allowed and has no effect.
    reversed_ip = reverse_ip(address if slash and not mask.strip("0123456789") else subject)
    if reversed_ip is None:
        raise ExpansionError(f"reverse_ip() not given an IP address [{subject}]")
    return reversed_ip


MASK = Operator(_mask)
IPV6NORM = Operator(_ipv6norm)
IPV6DENORM = Operator(_ipv6denorm)
REVERSE_IP = Operator(_reverse_ip)
