"""DMARC policy records (RFC 9989 sections 4.6 to 4.8; the tags `pct`, `rf`, `ri` of RFC 7489 section 6.3)."""

from __future__ import annotations

from functools import lru_cache

from eximia.base.dataclass import dataclass
from eximia.base.pattern import pattern

_VERSION = pattern(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
_TAG = pattern(r"([A-Za-z]+)[ \t]*=[ \t]*([\x20-\x3a\x3c-\x7e]*)")
_URI = pattern(r"([A-Za-z][A-Za-z0-9+.-]*):([\x22-\x2b\x2d-\x3a\x3c-\x7e]+?)(?:!\d+[kKmMgGtT]?)?")
_ADDRESS = pattern(r"[^\x00-\x20\x7f@<>()\[\]:;,]+@[A-Za-z0-9_\x80-\xff][A-Za-z0-9._\x80-\xff-]*")
_HEX = "0123456789abcdefABCDEF"
POLICIES = ("none", "quarantine", "reject")
#: a record longer than this is no honest one
LONGEST = 16384
_MOST_URIS = 100


@dataclass(frozen=True, slots=True)
class Record:
    """A record whose version tag is right. `p`, `sp` and `np` are None when absent; `usable` is False when a missing
    or bad policy leaves nothing to apply (section 4.10.1): then the domain is as one without a record."""

    p: str | None = None
    sp: str | None = None
    np: str | None = None
    adkim: str = "r"
    aspf: str = "r"
    fo: str = "0"
    psd: str = "u"
    testing: bool = False
    rua: tuple[str, ...] = ()
    ruf: tuple[str, ...] = ()
    pct: int = 100
    usable: bool = True
    text: str = ""

    def policy(self, *, subdomain: bool, exists: bool = True) -> str:
        """The policy for the domain of the record, or for one below it; `exists`: is that one in the DNS?"""
        own = self.p or "none"
        if not subdomain:
            return own
        below = self.sp or own
        return below if exists else self.np or below


def is_record(text: str) -> bool:
    """Whether a TXT record is one of DMARC."""
    return _VERSION.match(text) is not None


@lru_cache(maxsize=4096)
def parse(text: str) -> Record | None:
    """The record; None when its version tag is not right or a tag is there twice. What else is wrong in it is
    ignored."""
    found = _VERSION.match(text)
    if found is None or len(text) > LONGEST:
        return None
    tags: dict[str, str] = {}
    for piece in text[found.end() :].split(";"):
        tag = _TAG.fullmatch(piece.strip(" \t"))
        if tag is None:
            continue
        name = tag[1].lower()
        if name in tags or name == "v":
            return None
        tags[name] = tag[2].strip(" \t")
    rua, ruf = uris(tags.get("rua", "")), uris(tags.get("ruf", ""))
    policies = {name: _one_of(tags[name], POLICIES) for name in ("p", "sp", "np") if name in tags}
    p, usable = policies.get("p"), True
    if p is None or None in policies.values():
        # Section 4.10.1: with somebody to report to it counts as p=none, else there is no policy.
        policies, p, usable = {}, "none", bool(rua)
    return Record(
        p=p,
        sp=policies.get("sp"),
        np=policies.get("np"),
        adkim=_one_of(tags.get("adkim", ""), ("r", "s")) or "r",
        aspf=_one_of(tags.get("aspf", ""), ("r", "s")) or "r",
        fo=_failure_options(tags.get("fo", "")),
        psd=_one_of(tags.get("psd", ""), ("y", "n", "u")) or "u",
        testing=tags.get("t", "").lower() == "y",
        rua=rua,
        ruf=ruf,
        pct=_percentage(tags.get("pct", "")),
        usable=usable,
        text=text,
    )


def uris(text: str) -> tuple[str, ...]:
    """The URIs of a `rua` or `ruf` tag that are well-formed, without the obsolete size limits."""
    made: list[str] = []
    for piece in text.split(",")[:_MOST_URIS]:
        found = _URI.fullmatch(piece.strip(" \t"))
        if found is None:
            continue
        uri = f"{found[1]}:{found[2]}"
        if found[1].lower() != "mailto" or mail_address(uri):
            made.append(uri)
    return tuple(made)


def mail_address(uri: str) -> str:
    """The address of a `mailto:` URI, or empty. What a URI can carry besides (subject, body) is cut off."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "mailto":
        return ""
    address = _unescape(rest.partition("?")[0])
    return address if _ADDRESS.fullmatch(address) is not None else ""


def _unescape(text: str) -> str:
    head, *pieces = text.split("%")
    made = [head]
    for piece in pieces:
        if len(piece) < 2 or piece[0] not in _HEX or piece[1] not in _HEX:
            return ""
        made.append(chr(int(piece[:2], 16)) + piece[2:])
    return "".join(made)


def _one_of(text: str, allowed: tuple[str, ...]) -> str | None:
    lowered = text.lower()
    return lowered if lowered in allowed else None


def _failure_options(text: str) -> str:
    options = [option.strip(" \t").lower() for option in text.split(":")]
    known = [option for option in options if option in ("0", "1", "d", "s")]
    if not known or len(known) != len(options) or len(set(known)) != len(known) or {"0", "1"} <= set(known):
        return "0"
    return ":".join(known)


def _percentage(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= 100 else 100
