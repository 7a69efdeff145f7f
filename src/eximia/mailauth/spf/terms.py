"""SPF records taken apart (RFC 7208 sections 4.5, 4.6 and 12)."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import NamedTuple

from eximia.base.pattern import pattern

from .macros import MacroError, MacroString, parse_domain
from .macros import parse as parse_macros

_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_MODIFIER = pattern(r"([A-Za-z][A-Za-z0-9._-]*)=(.*)", re.DOTALL)
_MECHANISM = pattern(r"([-+?~]?)([A-Za-z][A-Za-z0-9._-]*)(?:(:)(.*)|(/.*))?", re.DOTALL)
_NUMBER = r"(0|[1-9]\d{0,2})"
#: what follows a domain; the two lengths may each be missing
_LENGTHS = pattern(rf"(.*?)(?:/{_NUMBER})?(?://{_NUMBER})?", re.DOTALL)
_IP4 = pattern(rf"(\d{{1,3}})\.(\d{{1,3}})\.(\d{{1,3}})\.(\d{{1,3}})(?:/{_NUMBER})?")
_IP6 = pattern(rf"([0-9a-fA-F:.]{{2,45}})(?:/{_NUMBER})?")
#: mechanisms with a domain, and whether they need one
_NEEDS_DOMAIN = {"include": True, "exists": True, "a": False, "mx": False, "ptr": False}
#: a record longer than this is no honest one
LONGEST_RECORD = 16384


class RecordError(Exception):
    """The record breaks the grammar."""


class Mechanism(NamedTuple):
    """One mechanism: what it gives when it matches, its domain if it has one of its own, how many bits of an address
    count, and for `ip4` and `ip6` (`version`) the network as a number without the `shift` bits that do not count."""

    result: str
    name: str
    text: str
    domain: MacroString | None = None
    prefix4: int = 32
    prefix6: int = 128
    version: int = 0
    shift: int = 0
    network: int = 0


class Record(NamedTuple):
    """A record: mechanisms in their order, and the modifiers that matter."""

    mechanisms: tuple[Mechanism, ...]
    redirect: MacroString | None = None
    exp: MacroString | None = None


def is_record(text: str) -> bool:
    """Whether a TXT record is one of SPF."""
    return text[:6].lower() == "v=spf1" and text[6:7] in ("", " ")


@lru_cache(maxsize=4096)
def parse(text: str) -> Record:
    """Raises RecordError."""
    if len(text) > LONGEST_RECORD:
        raise RecordError("record is too long")
    if not text.isascii():
        raise RecordError("record has characters outside ASCII")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, MacroString] = {}
    for word in text[6:].split(" "):
        if not word:
            continue
        try:
            found = _MODIFIER.fullmatch(word)
            if found is None:
                mechanisms.append(_mechanism(word))
            else:
                _modifier(found, modifiers)
        except MacroError:
            raise RecordError(word) from None
    return Record(tuple(mechanisms), modifiers.get("redirect"), modifiers.get("exp"))


def _modifier(found: re.Match[str], modifiers: dict[str, MacroString]) -> None:
    name = found[1].lower()
    if name not in ("redirect", "exp"):
        # It has no meaning for us, but must be well-formed (section 6).
        parse_macros(found[2], loose=True)
        return
    if name in modifiers or not found[2]:
        raise RecordError(found[0])
    modifiers[name] = parse_domain(found[2])


def _mechanism(word: str) -> Mechanism:
    found = _MECHANISM.fullmatch(word)
    if found is None:
        raise RecordError(word)
    result, name, rest = _RESULTS[found[1] or "+"], found[2].lower(), found[4] if found[3] else None
    if name == "all":
        if rest is not None or found[5]:
            raise RecordError(word)
        return Mechanism(result, name, word)
    if name in ("ip4", "ip6"):
        return _network(word, result, name, rest or "")
    needs = _NEEDS_DOMAIN.get(name)
    if needs is None or (needs and not rest) or rest == "":
        raise RecordError(word)
    prefix4, prefix6 = 32, 128
    if name in ("a", "mx"):
        lengths = _LENGTHS.fullmatch(rest if rest is not None else found[5] or "")
        assert lengths is not None  # it matches anything
        if rest is None and lengths[1]:
            raise RecordError(word)
        prefix4, prefix6 = int(lengths[2] or 32), int(lengths[3] or 128)
        if lengths[2] == "0":
            prefix4 = 0
        if lengths[3] == "0":
            prefix6 = 0
        if prefix4 > 32 or prefix6 > 128:
            raise RecordError(word)
        rest = lengths[1] if rest is not None else None
    elif found[5]:
        raise RecordError(word)
    domain = parse_domain(rest) if rest is not None else None
    return Mechanism(result, name, word, domain, prefix4, prefix6)


def _network(word: str, result: str, name: str, text: str) -> Mechanism:
    if name == "ip4":
        found = _IP4.fullmatch(text)
        if found is None:
            raise RecordError(word)
        number = 0
        for digits in found.group(1, 2, 3, 4):
            if int(digits) > 255 or (len(digits) > 1 and digits[0] == "0"):
                raise RecordError(word)
            number = number << 8 | int(digits)
        length = 32 if found[5] is None else int(found[5])
        if length > 32:
            raise RecordError(word)
        return Mechanism(result, name, word, version=4, shift=32 - length, network=number >> (32 - length))
    found = _IP6.fullmatch(text)
    length = 128 if found is None or found[2] is None else int(found[2])
    if found is None or length > 128:
        raise RecordError(word)
    try:
        number = int(IPv6Address(found[1]))
    except ValueError:
        raise RecordError(word) from None
    return Mechanism(result, name, word, version=6, shift=128 - length, network=number >> (128 - length))
