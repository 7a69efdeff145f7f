"""SPF records taken apart (RFC 7208 sections 4.5, 4.6 and 12)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)=(.*)", re.DOTALL)
_MECHANISM = re.compile(r"([-+?~]?)([A-Za-z0-9]+)(?::([^/]*(?:/[^/0-9][^/]*)*))?((?:/\d+)?(?://\d+)?)")
_ADDRESS = re.compile(r"([-+?~]?)(ip4|ip6):(\S+)", re.IGNORECASE)
_WITH_DOMAIN = {"include": True, "exists": True, "a": False, "mx": False, "ptr": False}


class RecordError(Exception):
    """The record breaks the grammar."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One mechanism. `text` is its domain, with macros, or empty."""

    result: str
    name: str
    text: str = ""
    prefix4: int = 32
    prefix6: int = 128
    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A record: mechanisms in their order, and the modifier that matters."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""


def is_record(text: str) -> bool:
    """Whether a TXT record is one of SPF."""
    return text[:6].lower() == "v=spf1" and text[6:7] in ("", " ")


def parse(text: str) -> Record:
    """Raises RecordError."""
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for word in text[6:].split():
        found = _MODIFIER.fullmatch(word)
        if found is None:
            mechanisms.append(_mechanism(word))
            continue
        name = found[1].lower()
        if name in ("redirect", "exp"):
            if name in modifiers or not found[2]:
                raise RecordError(word)
            modifiers[name] = found[2]
    return Record(tuple(mechanisms), modifiers.get("redirect", ""))


def _mechanism(word: str) -> Mechanism:
    address = _ADDRESS.fullmatch(word)
    if address is not None:
        return _network(address)
    found = _MECHANISM.fullmatch(word)
    if found is None:
        raise RecordError(word)
    result, name, text, cidr = _RESULTS[found[1] or "+"], found[2].lower(), found[3], found[4]
    if name == "all":
        if text is not None or cidr:
            raise RecordError(word)
        return Mechanism(result, name)
    needs = _WITH_DOMAIN.get(name)
    if needs is None or (needs and not text) or text == "" or (cidr and name not in ("a", "mx")):
        raise RecordError(word)
    four, _, six = cidr.partition("//")
    prefix4, prefix6 = int(four[1:] or 32), int(six or 128)
    if prefix4 > 32 or prefix6 > 128:
        raise RecordError(word)
    return Mechanism(result, name, text or "", prefix4, prefix6)


def _network(found: re.Match[str]) -> Mechanism:
    name = found[2].lower()
    try:
        network = ipaddress.ip_network(found[3], strict=False)
    except ValueError:
        raise RecordError(found[0]) from None
    if network.version != int(name[2]):
        raise RecordError(found[0])
    return Mechanism(_RESULTS[found[1] or "+"], name, network=network)
