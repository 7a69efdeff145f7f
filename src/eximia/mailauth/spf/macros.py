"""Macros in SPF records (RFC 7208 section 7)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote

_MACRO = re.compile(r"%(?:\{([a-zA-Z])(\d*)(r?)([-.+,/_=]*)\}|([%_-]))")
_LONGEST = 253


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check is about."""

    address: str
    sender: str
    helo: str
    receiver: str = ""
    now: int = 0


class MacroError(Exception):
    """The text has a `%` that is no macro."""


def expand_macros(text: str, asked: Asked, domain: str, *, explanation: bool = False) -> str:
    """`text` with its macros replaced; `domain` is the one being checked. Raises MacroError."""
    made: list[str] = []
    position = 0
    for found in _MACRO.finditer(text):
        made.append(text[position : found.start()])
        position = found.end()
        if found[5]:
            made.append({"%": "%", "_": " ", "-": "%20"}[found[5]])
        else:
            made.append(_value(found, asked, domain, explanation=explanation))
    made.append(text[position:])
    if "%" in text[position:] or any("%" in piece for piece in made[:-1:2]):
        raise MacroError(text)
    return "".join(made)


def expand_domain(text: str, asked: Asked, domain: str) -> str:
    """A domain-spec; what is too long loses labels at its start. Raises MacroError."""
    name = expand_macros(text, asked, domain).rstrip(".")
    while len(name) > _LONGEST and "." in name:
        name = name.partition(".")[2]
    return name


def _value(found: re.Match[str], asked: Asked, domain: str, *, explanation: bool) -> str:
    letter, digits, reverse, delimiters = found[1], found[2], found[3], found[4]
    local_part, _, of_sender = asked.sender.rpartition("@")
    address = ipaddress.ip_address(asked.address)
    values = {
        "s": asked.sender,
        "l": local_part,
        "o": of_sender,
        "d": domain,
        "i": asked.address if address.version == 4 else ".".join(address.exploded.replace(":", "")),
        "p": "unknown",
        "v": "in-addr" if address.version == 4 else "ip6",
        "h": asked.helo,
    }
    if explanation:
        values |= {"c": str(address), "r": asked.receiver or "unknown", "t": str(asked.now)}
    value = values.get(letter.lower())
    if value is None or digits == "0":
        raise MacroError(found[0])
    if digits or reverse or delimiters:
        parts = re.split(f"[{re.escape(delimiters or '.')}]", value)
        if reverse:
            parts.reverse()
        value = ".".join(parts[-int(digits) :] if digits else parts)
    return quote(value, safe="") if letter.isupper() else value
