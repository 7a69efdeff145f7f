"""SRS: sender addresses rewritten so that SPF of the forwarder counts, and the way back (Wong's and Meng's scheme, as
Perl's Mail::SRS and libsrs_alt have it).

In a program of your own:

    from eximia.mailauth.srs import Srs
    srs = Srs(("secret", "secret of last year"), max_age=31)
    srs.forward("user@example.com", "forwarder.example", time.time())
    srs.reverse("SRS0=lyPw=2W=example.com=user@forwarder.example", time.time())

Addresses are text without quotes around local parts. Forms of the local part, with `=`, `+` or `-` after the tag:

- `SRS0=hash=day=domain=local part`: the first forwarder's;
- `SRS1=hash=first forwarder's domain=rest of its SRS0 address`: a later one's, which leads back to the first;
- `SRS0=hash=key`: made by `forward_key` for an address that is kept elsewhere under `key`.

The hash is base 64 of an HMAC with SHA-1 over the other fields in lower case. `native` forms (`${srs_encode}`) are
`message.srs`.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Sequence

from eximia.base.pattern import pattern
from eximia.base.text import to_bytes

_SRS0 = pattern(r"SRS0([=+-])", re.IGNORECASE)
_SRS1 = pattern(r"SRS1([=+-])", re.IGNORECASE)
_DIGITS32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_DAY = 86400
_DAYS = 1024
_LONGEST_STAMP = 8
_LONGEST = 2048

GUARDED = "guarded"
SHORTCUT = "shortcut"
REVERSIBLE = "reversible"


class SrsError(ValueError):
    """The address cannot be rewritten or its way back is refused. `str()` says why."""


class NotSrs(SrsError):
    """The address has not the form."""


class Expired(SrsError):
    """The hash is right, but the address is too old (or of the future)."""


class BadHash(SrsError):
    """Somebody made it up, or a secret was lost."""


class Srs:
    """Rewrites with the first secret, accepts all of them. `hash_length` characters are written, `hash_min` (0: as
    many) must at least be there; `max_age` is in days. `kind`: how an address that is SRS already is treated:
    GUARDED makes SRS1, SHORTCUT leads back to the first sender directly, REVERSIBLE nests. `allow_unsafe`: SRS1
    without a hash, as the first draft had it, is accepted."""

    __slots__ = (
        "allow_unsafe", "always_rewrite", "hash_length", "hash_min", "kind", "max_age", "secrets", "separator",
        "use_hash", "use_timestamp",
    )  # fmt: skip

    def __init__(
        self,
        secrets: Sequence[str],
        *,
        separator: str = "=",
        hash_length: int = 4,
        hash_min: int = 0,
        max_age: int = 21,
        use_hash: bool = True,
        use_timestamp: bool = True,
        always_rewrite: bool = False,
        kind: str = GUARDED,
        allow_unsafe: bool = False,
    ) -> None:
        """Raises SrsError for settings that make no sense."""
        if separator not in ("=", "+", "-"):
            raise SrsError(f"separator must be one of = + -, not {separator!r}")
        if kind not in (GUARDED, SHORTCUT, REVERSIBLE):
            raise SrsError(f"unknown kind {kind!r}")
        if use_hash and not (secrets and all(secrets)):
            raise SrsError("no secret")
        self.secrets = tuple(secrets)
        self.separator = separator
        self.hash_length = hash_length
        self.hash_min = hash_min
        self.max_age = max_age
        self.use_hash = use_hash
        self.use_timestamp = use_timestamp
        self.always_rewrite = always_rewrite
        self.kind = kind
        self.allow_unsafe = allow_unsafe

    def forward(self, sender: str, alias: str, now: float) -> str:
        """The address at the domain of `alias` (a domain or an address) that stands for `sender`. What is at that
        domain already stays as it is. Raises SrsError."""
        local_part, domain = _split(sender, "Sender")
        if "@" in local_part:
            raise SrsError("Sender username may not contain an @")
        own = alias.rpartition("@")[2]
        if not self.always_rewrite and own.lower() == domain.lower():
            return sender
        return f"{self._forwarded(local_part, domain, now)}@{own}"

    def reverse(self, address: str, now: float) -> str:
        """The address that an SRS address stands for. Raises SrsError: NotSrs, BadHash, Expired."""
        local_part, _ = _split(address, "Address")
        if self.kind == GUARDED and (found := _SRS1.match(local_part)) is not None:
            return self._reverse_srs1(local_part[found.end() :])
        found = _SRS0.match(local_part)
        if found is None:
            raise NotSrs("not an SRS address")
        fields = local_part[found.end() :].split("=", 1 + self.use_hash + self.use_timestamp)
        signed = fields.pop(0) if self.use_hash else ""
        self._verify(signed, fields)
        if self.use_timestamp:
            stamp = fields.pop(0) if fields else ""
            if not self._is_fresh(stamp, now):
                raise Expired("Invalid timestamp")
        fields += ["", ""]
        return f"{fields[1]}@{fields[0]}"

    def forward_key(self, key: str, alias: str) -> str:
        """The short address for what is kept under `key`."""
        hashed = f"{self._hash(self.secrets[0], [key])}=" if self.use_hash else ""
        return f"SRS0{self.separator}{hashed}{key}@{alias.rpartition('@')[2]}"

    def reverse_key(self, address: str) -> str:
        """The key in an address of `forward_key`. Raises NotSrs, BadHash."""
        local_part, _ = _split(address, "Address")
        found = _SRS0.match(local_part)
        if found is None:
            raise NotSrs("not an SRS address")
        signed, equals, key = local_part[found.end() :].partition("=")
        if not self.use_hash:
            return signed
        if not equals or not key or "=" in key:
            raise BadHash("no key")
        self._verify(signed, [key])
        return key

    def _forwarded(self, local_part: str, domain: str, now: float) -> str:
        if self.kind == GUARDED:
            if (found := _SRS1.match(local_part)) is not None:
                _, host, rest = [*local_part[found.end() :].split("=", 2), "", ""][:3]
                return self._srs1(host, rest)
            if (found := _SRS0.match(local_part)) is not None:
                return self._srs1(domain, local_part[found.start(1) :])
        elif self.kind == SHORTCUT:
            if (found := _SRS0.match(local_part)) is not None:
                _, _, domain, local_part = [*local_part[found.end() :].split("=", 3), "", "", ""][:4]
            elif (found := _SRS1.match(local_part)) is not None:
                domain, local_part = [*local_part[found.end() :].split("="), "", "", "", "", ""][3:5]
        fields = [domain, local_part]
        if self.use_timestamp:
            fields.insert(0, stamp(now))
        return self._tagged("SRS0", fields)

    def _srs1(self, host: str, rest: str) -> str:
        return self._tagged("SRS1", [host, rest])

    def _tagged(self, tag: str, fields: list[str]) -> str:
        if self.use_hash:
            fields.insert(0, self._hash(self.secrets[0], fields))
        return f"{tag}{self.separator}{'='.join(fields)}"

    def _reverse_srs1(self, text: str) -> str:
        fields = text.split("=", 2 if self.use_hash else 1)
        if self.use_hash:
            signed = fields.pop(0)
            if "." in signed and len(fields) >= 1:
                if not self.allow_unsafe:
                    raise BadHash("Hashless SRS1 address received when AllowUnsafeSrs is not set")
                fields = [signed, text.partition("=")[2]]
            else:
                self._verify(signed, fields)
        if len(fields) < 2:
            raise NotSrs("Invalid SRS1 address")
        return f"SRS0{fields[1]}@{fields[0]}"

    def _hash(self, secret: str, fields: Sequence[str], length: int = 0) -> str:
        digest = hmac.new(to_bytes(secret), to_bytes("".join(fields)).lower(), "sha1").digest()
        return b64encode(digest).decode("ascii").rstrip("=")[: length or self.hash_length]

    def _verify(self, signed: str, fields: Sequence[str]) -> None:
        """Raises BadHash. Upper and lower case count as the same: relays may have changed them."""
        if not self.use_hash:
            return
        if len(signed) >= max(self.hash_min or self.hash_length, 1):
            given = to_bytes(signed).lower()
            for secret in self.secrets:
                if hmac.compare_digest(to_bytes(self._hash(secret, fields, len(given))).lower(), given):
                    return
        raise BadHash("Invalid hash")

    def _is_fresh(self, text: str, now: float) -> bool:
        day = 0
        if not text or len(text) > _LONGEST_STAMP:
            return False
        for char in text.upper():
            digit = _DIGITS32.find(char)
            if digit < 0:
                return False
            day = day << 5 | digit
        today = int(now) // _DAY % _DAYS
        if today < day:
            today += (day - today + _DAYS - 1) // _DAYS * _DAYS
        return today <= day + self.max_age


def stamp(now: float) -> str:
    """The day in two base 32 digits; it comes round every 1024 days."""
    day = int(now) // _DAY % _DAYS
    return _DIGITS32[day >> 5] + _DIGITS32[day & 31]


def is_srs(local_part: str) -> bool:
    """Whether a local part has the form."""
    return _SRS0.match(local_part) is not None or _SRS1.match(local_part) is not None


def _split(address: str, what: str) -> tuple[str, str]:
    local_part, at, domain = address.rpartition("@")
    if not at or not domain:
        raise SrsError(f"{what} {address!r} contains no @")
    if len(address) > _LONGEST:
        raise SrsError(f"{what} is too long")
    return local_part, domain
