"""A DomainKey-Signature field, the responsible sender, and what is hashed (RFC 4870 sections 3.3 and 3.4)."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from eximia.mailauth.canon import HASHES, BodyCanon, NoFws, Simple, nofws_header, simple_header
from eximia.mailauth.dkim.signature import is_domain
from eximia.mailauth.fields import Fields
from eximia.mailauth.tags import TagError, base64_value, parse_tags
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address

_HASHES = {"rsa-sha1": "sha1", "rsa-sha256": "sha256"}
CANONS = ("simple", "nofws")


class Sender(NamedTuple):
    """The responsible address; `source` is `sender`, `from` or "" when there is none; `place` where the field is."""

    address: str = ""
    local_part: str = ""
    domain: str = ""
    source: str = ""
    place: int = -1


def find_sender(fields: Fields, after: int = -1) -> Sender:
    """The first address of the first Sender: below the field `after`, else of the first From: there."""
    for name, source in ((b"sender", "sender"), (b"from", "from")):
        for index in fields.named(name):
            if index <= after:
                continue
            value = fields.all[index].partition(b":")[2].decode("latin-1")
            value = value.replace("\r\n", "\n")
            for start, end in addresses_in(value):
                try:
                    found = parse_address(value[start:end])
                except AddressSyntaxError:
                    break
                if found.domain:
                    return Sender(found.address, found.local_part, found.domain.lower(), source, index)
                break
            break
    return Sender()


class DomainKey(NamedTuple):
    """The tags. `headers` None: all fields below the signature."""

    domain: str
    selector: str
    hash_name: str
    canon: str
    headers: tuple[bytes, ...] | None
    value: bytes

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


class BadDomainKey(ValueError):
    """A field that is no signature."""


def read(value: bytes) -> DomainKey:
    """The signature in what follows the colon. Raises BadDomainKey."""
    try:
        tags = parse_tags(value)
    except TagError as error:
        raise BadDomainKey(str(error)) from error
    text = {name: each.decode("latin-1") for name, each in tags.items()}
    hash_name = _HASHES.get(text.get("a", "rsa-sha1").lower())
    if hash_name is None:
        raise BadDomainKey("unknown algorithm")
    canon = text.get("c", "simple").lower()
    if canon not in CANONS:
        raise BadDomainKey("unknown canonicalization")
    if text.get("q", "dns").lower() != "dns":
        raise BadDomainKey("unknown query method")
    domain = text.get("d", "").lower().rstrip(".")
    if not is_domain(domain):
        raise BadDomainKey("d= is no domain")
    if not is_domain(text.get("s", "")):
        raise BadDomainKey("s= is no selector")
    headers = None
    if "h" in tags:
        headers = tuple([name.strip().lower() for name in tags["h"].split(b":")])
    try:
        coded = base64_value(tags.get("b", b""))
    except ValueError as error:
        raise BadDomainKey("b= is not base64") from error
    if not coded:
        raise BadDomainKey("b= is missing")
    return DomainKey(domain, text["s"], hash_name, canon, headers, coded)


def presented(fields: Fields, after: int, headers: tuple[bytes, ...] | None) -> list[int]:
    """The fields below the field `after` that are hashed, in their order: all, or those of `h=` in the order given
    there. The last mention of a name stands for all of its fields that are left."""
    below = range(after + 1, len(fields.all))
    if headers is None:
        return list(below)
    left: dict[bytes, list[int]] = {name: [] for name in headers}
    for place in reversed(below):
        if fields.names[place] in left:
            left[fields.names[place]].append(place)
    mentions = Counter(headers)
    found: list[int] = []
    for name in headers:
        mentions[name] -= 1
        places = left[name]
        if mentions[name]:
            found += [places.pop()] if places else []
        else:
            found += reversed(places)
            places.clear()
    return found


class Hashing:
    """The one hash over header and body, with the body in pieces."""

    __slots__ = ("_canon", "_hash")

    def __init__(
        self, fields: Fields, after: int, canon: str, hash_name: str, headers: tuple[bytes, ...] | None
    ) -> None:
        self._hash: Any = HASHES[hash_name]()
        self._canon: BodyCanon = Simple(empty=b"", pending=1) if canon == "simple" else NoFws(pending=1)
        form = simple_header if canon == "simple" else nofws_header
        for place in presented(fields, after, headers):
            self._hash.update(form(fields.all[place]))

    def feed(self, data: bytes) -> None:
        """A piece of the body."""
        for piece in self._canon.feed(data):
            self._hash.update(piece)

    def finish(self) -> bytes:
        """The hash; the body is complete. Only once."""
        for piece in self._canon.finish():
            self._hash.update(piece)
        digest: bytes = self._hash.digest()
        return digest
