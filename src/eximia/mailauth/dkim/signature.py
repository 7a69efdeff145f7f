"""A DKIM-Signature field (RFC 6376 section 3.5): parsed and checked as far as it can be without key and message."""

from __future__ import annotations

from eximia.base.dataclass import dataclass, field
from eximia.mailauth.tags import TagError, base64_value, decimal, parse_tags
from eximia.message.idna import IdnaError, domain_to_alabel

#: algorithm names to (key type, hash)
ALGORITHMS = {
    "rsa-sha1": ("rsa", "sha1"),
    "rsa-sha256": ("rsa", "sha256"),
    "rsa-sha512": ("rsa", "sha512"),
    "ed25519-sha256": ("ed25519", "sha256"),
    "ed25519-sha512": ("ed25519", "sha512"),
}
_CANONS = ("simple", "relaxed")


class SignatureError(ValueError):
    """A signature that cannot be checked."""


@dataclass(slots=True)
class Signature:
    """The tags. Text is latin-1; domains and header names are in lower case. What is missing has its default, as far
    as there is one; a broken signature has what could be read."""

    domain: str = ""
    selector: str = ""
    #: i= as it stands, "" when there is none; see `auid`
    identity: str = ""
    algorithm: str = ""
    keytype: str = ""
    hash_name: str = ""
    canon_header: str = "simple"
    canon_body: str = "simple"
    #: h=, lower case, in order, repetitions kept
    headers: tuple[bytes, ...] = ()
    #: h= as it stands, without white space
    header_names: str = ""
    #: l=, None: the whole body
    length: int | None = None
    created: int | None = None
    expires: int | None = None
    copied: str = ""
    query: str = "dns/txt"
    body_hash: bytes = b""
    value: bytes = b""
    tags: dict[str, bytes] = field(default_factory=dict)

    @property
    def auid(self) -> str:
        """The identity, `@domain` when there is no i=."""
        return self.identity or f"@{self.domain}"

    @property
    def key_name(self) -> str:
        """Where the key is; U-labels as A-labels (RFC 8616 section 5)."""
        name = f"{self.selector}._domainkey.{self.domain}"
        if name.isascii():
            return name
        try:
            return domain_to_alabel(name)
        except IdnaError:
            return name

    def signs(self, name: str) -> bool:
        return name.encode("latin-1") in self.headers


def _base64(value: bytes, what: str) -> bytes:
    try:
        return base64_value(value)
    except ValueError as error:
        raise SignatureError(f"{what}= is not base64") from error


def _number(tags: dict[str, bytes], name: str, digits: int = 12) -> int | None:
    value = tags.get(name)
    if value is None:
        return None
    number = decimal(value, digits)
    if number is None:
        raise SignatureError(f"{name}= is no number")
    return number


def is_domain(text: str) -> bool:
    """Whether this can stand in the DNS: labels of letters, digits, hyphens, underscores or 8-bit characters."""
    if not text or len(text) > 253:
        return False
    for label in text.split("."):
        if not 0 < len(label) <= 63:
            return False
        if not all(each.isalnum() or each in "-_" or each >= "\x80" for each in label):
            return False
    return True


_REQUIRED = ("v", "a", "b", "bh", "d", "h", "s")


def read(value: bytes, required: tuple[str, ...] = _REQUIRED) -> tuple[Signature, str]:
    """(signature, error) of what follows the colon. The error is "" when the signature can be checked. Without `v`
    among the required tags it is one of ARC's, where `i` is a number."""
    found = Signature()
    problem = ""
    try:
        tags = found.tags = parse_tags(value)
    except TagError as error:
        tags = found.tags = error.tags
        problem = str(error)
    try:
        _fill(found, tags)
        if "v" not in required:
            found.identity = ""
        if problem:
            raise SignatureError(problem)
        for name in required:
            if name not in tags:
                raise SignatureError(f"tag {name}= is missing")
            if not tags[name]:
                raise SignatureError(f"tag {name}= is empty")
        _check(found)
        if "h" in required and not found.headers:
            raise SignatureError("h= is empty")
        if "v" in required:
            _check_identity(found)
    except SignatureError as error:
        return found, str(error)
    return found, ""


def _fill(found: Signature, tags: dict[str, bytes]) -> None:
    """Everything that can be shown comes first, so that a broken signature tells as much as it can."""
    text = {name: value.decode("latin-1") for name, value in tags.items() if name in "adsicqz" and len(name) == 1}
    # Only ASCII letters have a lower case here: the others are pieces of UTF-8.
    found.domain = tags.get("d", b"").lower().decode("latin-1")
    found.selector = text.get("s", "")
    found.identity = text.get("i", "")
    found.algorithm = text.get("a", "").lower()
    found.copied = "".join(text.get("z", "").split())
    found.query = text.get("q", "dns/txt")
    names = [name.strip() for name in tags.get("h", b"").split(b":")]
    found.headers = tuple(name.lower() for name in names if name)
    found.header_names = b":".join(names).decode("latin-1")
    header, slash, body = text.get("c", "simple/simple").lower().partition("/")
    found.canon_header = header.strip()
    found.canon_body = body.strip() if slash else "simple"
    found.keytype, found.hash_name = ALGORITHMS.get(found.algorithm, ("", ""))
    found.length = _number(tags, "l", 76)
    found.created = _number(tags, "t")
    found.expires = _number(tags, "x")
    found.body_hash = _base64(tags.get("bh", b""), "bh")
    found.value = _base64(tags.get("b", b""), "b")


def _check(found: Signature) -> None:
    if not found.keytype:
        raise SignatureError("unknown algorithm")
    if found.canon_header not in _CANONS or found.canon_body not in _CANONS:
        raise SignatureError("unknown canonicalization")
    if not is_domain(found.domain):
        raise SignatureError("d= is no domain")
    if not is_domain(found.selector):
        raise SignatureError("s= is no selector")
    methods = [each.strip().lower() for each in found.query.split(":")]
    if "dns/txt" not in methods:
        raise SignatureError("unknown query method")
    if found.expires is not None and found.created is not None and found.expires <= found.created:
        raise SignatureError("x= is not after t=")


def _check_identity(found: Signature) -> None:
    if found.tags["v"] != b"1":
        raise SignatureError("unknown version")
    if "i" in found.tags:
        host = found.tags["i"].rpartition(b"@")[2].lower().decode("latin-1")
        if "@" not in found.identity or (host != found.domain and not host.endswith(f".{found.domain}")):
            raise SignatureError("i= is not in the domain of d=")
