"""Macros in SPF records (RFC 7208 section 7): taken apart once, replaced for each check."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import quote

from eximia.base.dataclass import dataclass
from eximia.base.pattern import pattern

_MACRO = pattern(r"%(?:\{([a-zA-Z])(\d*)([rR]?)([-.+,/_=]*)\}|([%_-]))")
_LITERAL = pattern(r"[\x21-\x24\x26-\x7e]*")
#: what may end a domain: a dot and a label that is not all digits (`toplabel`)
_TOP_LABEL = pattern(r"\.(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])\.?", re.IGNORECASE)
_LONGEST = 253
_ESCAPES = {"%": "%", "_": " ", "-": "%20"}
_ANYWHERE = frozenset("slodiphv")
_EXPLAINING = _ANYWHERE | frozenset("crt")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check is about: the client's address, the sender's, and the name that the client gave with HELO.
    `receiver` is our name and `now` the time, for explanations."""

    address: str
    sender: str
    helo: str
    receiver: str = ""
    now: int = 0


class MacroError(Exception):
    """The text has a `%` that is no macro, or a macro that may not stand there."""


class Macro(NamedTuple):
    """`%{...}` taken apart; `labels` 0: all of them."""

    letter: str
    labels: int = 0
    reverse: bool = False
    delimiters: str = ""
    escape: bool = False


class MacroString(NamedTuple):
    """Literal texts and macros in their order. A text without macros is its own value."""

    text: str
    parts: tuple[str | Macro, ...]

    @property
    def constant(self) -> bool:
        return len(self.parts) == 1 and self.parts[0].__class__ is str


def parse(text: str, *, explanation: bool = False, loose: bool = False) -> MacroString:
    """A `macro-string`. `explanation` allows blanks, and the letters c, r, t; `loose` these letters only (values of
    modifiers that are not ours). Raises MacroError."""
    letters = _EXPLAINING if explanation or loose else _ANYWHERE
    parts: list[str | Macro] = []
    position = 0
    for found in _MACRO.finditer(text):
        _literal(text[position : found.start()], parts, blanks=explanation)
        position = found.end()
        parts.append(_ESCAPES[found[5]] if found[5] else _macro(found, letters))
    _literal(text[position:], parts, blanks=explanation)
    joined: list[str | Macro] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, str) and isinstance(last, str):
            joined[-1] = last + part
        else:
            joined.append(part)
    return MacroString(text, tuple(joined) or ("",))


def _literal(text: str, parts: list[str | Macro], *, blanks: bool) -> None:
    if not text:
        return
    if _LITERAL.fullmatch(text.replace(" ", "") if blanks else text) is None:
        raise MacroError(text)
    parts.append(text)


def _macro(found: re.Match[str], letters: frozenset[str]) -> Macro:
    letter, digits, reverse, delimiters = found[1].lower(), found[2], found[3], found[4]
    if letter not in letters or (digits and not digits.strip("0")):
        raise MacroError(found[0])
    digits = digits.lstrip("0")
    labels = (int(digits) if len(digits) < 4 else 128) if digits else 0
    return Macro(letter, labels, bool(reverse), delimiters, found[1].isupper())


def parse_domain(text: str) -> MacroString:
    """A `domain-spec`: it ends with a macro, or a label that can be a top-level domain. Raises MacroError."""
    made = parse(text)
    last = made.parts[-1]
    if isinstance(last, str) and not text.endswith(("%%", "%_", "%-")):
        start = last.rfind(".", 0, len(last) - 1)
        if start < 0 or _TOP_LABEL.fullmatch(last, start) is None:
            raise MacroError(text)
    return made


@lru_cache(maxsize=4096)
def parsed_address(text: str) -> IPv4Address | IPv6Address:
    """An address; one of IPv4 written as one of IPv6 becomes IPv4 (section 5). Raises ValueError."""
    address = ip_address(text.partition("%")[0])
    if address.version == 6 and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


class Values:
    """What the macros stand for in one check. `validated` finds the name of the client for `%{p}`."""

    __slots__ = ("_asked", "_validated", "address")

    def __init__(self, asked: Asked, validated: Callable[[str], str] | None = None) -> None:
        self._asked = asked
        self._validated = validated
        self.address = parsed_address(asked.address)

    def expand(self, made: MacroString, domain: str, *, explanation: bool = False) -> str:
        """The text with its macros replaced; `domain` is the one being checked."""
        if made.constant:
            return str(made.parts[0])
        return "".join(
            part if isinstance(part, str) else self._value(part, domain, explanation=explanation) for part in made.parts
        )

    def domain(self, made: MacroString, domain: str) -> str:
        """A name to be asked for; what is too long loses labels at its start."""
        name = self.expand(made, domain)
        name = name.removesuffix(".")
        while len(name) > _LONGEST:
            _, dot, shorter = name.partition(".")
            if not dot:
                return name[-_LONGEST:]
            name = shorter
        return name

    def _value(self, macro: Macro, domain: str, *, explanation: bool) -> str:
        value = self._letter(macro.letter, domain, explanation=explanation)
        if macro.labels or macro.reverse or macro.delimiters:
            delimiters = macro.delimiters or "."
            for other in delimiters[1:]:
                value = value.replace(other, delimiters[0])
            parts = value.split(delimiters[0])
            if macro.reverse:
                parts.reverse()
            value = ".".join(parts[-macro.labels :] if macro.labels else parts)
        return quote(value, safe="", encoding="latin-1", errors="replace") if macro.escape else value

    def _letter(self, letter: str, domain: str, *, explanation: bool) -> str:
        asked, address = self._asked, self.address
        match letter:
            case "s":
                return asked.sender
            case "l":
                return asked.sender.rpartition("@")[0]
            case "o":
                return asked.sender.rpartition("@")[2]
            case "d":
                return domain
            case "i":
                if address.version == 4:
                    return str(address)
                nibbles = ".".join(address.exploded.replace(":", ""))
                # People read explanations: there the digits are as RFC 4408 printed them.
                return nibbles.upper() if explanation else nibbles
            case "p":
                return (self._validated(domain) if self._validated is not None else "") or "unknown"
            case "v":
                return "in-addr" if address.version == 4 else "ip6"
            case "h":
                return asked.helo
            case "c":
                return str(address)
            case "r":
                return asked.receiver or "unknown"
        return str(asked.now)


def expand_macros(text: str, asked: Asked, domain: str, *, explanation: bool = False) -> str:
    """`text` with its macros replaced; `domain` is the one being checked. Raises MacroError."""
    return Values(asked).expand(parse(text, explanation=explanation), domain, explanation=explanation)
