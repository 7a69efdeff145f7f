"""Keys: the public ones of key records (RFC 6376 section 3.6.1, RFC 8463, RFC 4870 section 3.2.3), the private ones
of PEM text, and the two operations on hashes.

Parsed public keys are kept (a pure function of the record's bytes). Keys beyond the limits below are refused before
any arithmetic, so that one verification costs a few milliseconds at most.
"""

from __future__ import annotations

import base64
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from eximia.base.dataclass import dataclass

from .tags import TagError, base64_value, compact, parse_tags

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

#: the longest RSA modulus that is used, and the longest exponent of moduli above 3072 bits
MOST_BITS: Final = 16384
MOST_EXPONENT_BITS: Final = 64
#: the longest key record that is looked at
MOST_RECORD: Final = 16384

_SPKI_ED25519: Final = bytes.fromhex("302a300506032b6570032100")


class KeyProblem(ValueError):
    """A key record or key that cannot be used. `revoked`: the record says so itself."""

    def __init__(self, text: str, *, revoked: bool = False) -> None:
        super().__init__(text)
        self.revoked = revoked


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key record's tags. `hashes` and `services` empty: any. `data`: the decoded key."""

    keytype: str = "rsa"
    hashes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    notes: str = ""
    granularity: str = "*"
    data: bytes = b""
    #: it had v=DKIM1
    versioned: bool = False

    @property
    def testing(self) -> bool:
        return "y" in self.flags

    @property
    def no_subdomains(self) -> bool:
        return "s" in self.flags

    @property
    def for_mail(self) -> bool:
        return not self.services or "*" in self.services or "email" in self.services

    @property
    def service(self) -> str:
        """The service types as the record has them, `*` when it has none."""
        return ":".join(self.services) or "*"


def _words(value: bytes | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(word.strip().decode("latin-1").lower() for word in value.split(b":") if word.strip())


@lru_cache(maxsize=1024)
def parse_key_record(text: bytes) -> KeyRecord:
    """A key record. Raises KeyProblem."""
    if len(text) > MOST_RECORD:
        raise KeyProblem("key record too long")
    try:
        tags = parse_tags(text)
    except TagError as error:
        raise KeyProblem(f"key record: {error}") from error
    version = tags.get("v")
    # It should come first (RFC 6376 section 3.6.1); nobody insists.
    if version is not None and version != b"DKIM1":
        raise KeyProblem("key record of another version")
    coded = tags.get("p")
    if coded is None:
        raise KeyProblem("key record without p=")
    if not compact(coded):
        raise KeyProblem("key revoked", revoked=True)
    try:
        data = base64_value(coded)
    except ValueError as error:
        raise KeyProblem("key is not base64") from error
    return KeyRecord(
        keytype=tags.get("k", b"rsa").decode("latin-1").lower(),
        hashes=_words(tags.get("h")),
        services=_words(tags.get("s")),
        flags=_words(tags.get("t")),
        notes=tags.get("n", b"").decode("latin-1"),
        granularity=tags.get("g", b"*").decode("latin-1"),
        data=data,
        versioned=version is not None,
    )


def _der(data: bytes, pos: int, tag: int) -> tuple[int, int]:
    """Start and end of the contents of one DER value. Raises KeyProblem."""
    if pos + 2 > len(data) or data[pos] != tag:
        raise KeyProblem("key is not ASN.1 of an RSA key")
    length = data[pos + 1]
    pos += 2
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= 4 or pos + count > len(data):
            raise KeyProblem("key is not ASN.1 of an RSA key")
        length = int.from_bytes(data[pos : pos + count], "big")
        pos += count
    if pos + length > len(data):
        raise KeyProblem("key is cut short")
    return pos, pos + length


_RSA_OID: Final = bytes.fromhex("06092a864886f70d010101")


def rsa_numbers(data: bytes) -> tuple[int, int]:
    """(modulus, exponent) of a SubjectPublicKeyInfo or a bare RSAPublicKey. Raises KeyProblem."""
    start, _ = _der(data, 0, 0x30)
    if data[start : start + 1] == b"\x30":
        inner, after = _der(data, start, 0x30)
        if not data[inner:after].startswith(_RSA_OID):
            raise KeyProblem("key is of another type")
        start, _ = _der(data, after, 0x03)
        start, _ = _der(data, start + 1, 0x30)
    first, stop = _der(data, start, 0x02)
    modulus = int.from_bytes(data[first:stop], "big")
    first, stop = _der(data, stop, 0x02)
    return modulus, int.from_bytes(data[first:stop], "big")


class PublicKey:
    """A key that checks signatures: `bits` long."""

    __slots__ = ("_key", "bits", "keytype")

    def __init__(self, keytype: str, bits: int, key: RSAPublicKey | Ed25519PublicKey | None) -> None:
        self.keytype = keytype
        self.bits = bits
        self._key = key

    def check(self, signature: bytes, digest: bytes, hash_name: str) -> bool:
        """Whether this is the key's signature of something with that hash."""
        if self._key is None:
            return False
        from cryptography.exceptions import InvalidSignature

        key: Any = self._key
        try:
            if self.keytype == "ed25519":
                key.verify(signature, digest)
            else:
                padding, prehashed = _rsa_parameters(hash_name)
                key.verify(signature, digest, padding, prehashed)
        except InvalidSignature:
            return False
        except ValueError:
            # OpenSSL refuses the key itself.
            return False
        return True


@cache
def _rsa_parameters(hash_name: str) -> tuple[Any, Any]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    chosen = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha512": hashes.SHA512()}[hash_name]  # noqa: S303
    return PKCS1v15(), Prehashed(chosen)


@lru_cache(maxsize=1024)
def public_key(keytype: str, data: bytes) -> PublicKey:
    """The key of a record's `k=` and `p=`. Raises KeyProblem."""
    if keytype == "ed25519":
        # The form with an ASN.1 wrapping was a candidate of the standard.
        raw = data.removeprefix(_SPKI_ED25519)
        if len(raw) != 32:
            raise KeyProblem("ed25519 key of wrong length")
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        return PublicKey("ed25519", 256, Ed25519PublicKey.from_public_bytes(raw))
    if keytype != "rsa":
        raise KeyProblem(f"unknown key type {keytype[:20]}")
    modulus, exponent = rsa_numbers(data)
    bits = modulus.bit_length()
    if bits > MOST_BITS or (bits > 3072 and exponent.bit_length() > MOST_EXPONENT_BITS):
        raise KeyProblem("RSA key too long")
    if bits < 256 or exponent < 3 or not exponent & 1 or not modulus & 1 or exponent.bit_length() > bits:
        raise KeyProblem("no sensible RSA key")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    try:
        key = RSAPublicNumbers(exponent, modulus).public_key()
    except (ValueError, UnsupportedAlgorithm):
        # The library refuses very short keys; their length can still be told.
        return PublicKey("rsa", bits, None)
    return PublicKey("rsa", bits, key)


class SigningKey:
    """A private key."""

    __slots__ = ("_key", "bits", "keytype")

    def __init__(self, keytype: str, bits: int, key: RSAPrivateKey | Ed25519PrivateKey) -> None:
        self.keytype = keytype
        self.bits = bits
        self._key = key

    def sign(self, digest: bytes, hash_name: str) -> bytes:
        """The signature of something with that hash."""
        key: Any = self._key
        if self.keytype == "ed25519":
            made: bytes = key.sign(digest)
        else:
            padding, prehashed = _rsa_parameters(hash_name)
            made = key.sign(digest, padding, prehashed)
        return made

    def record(self) -> bytes:
        """The value of `p=` of its key record."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self._key.public_key()
        if self.keytype == "ed25519":
            return base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw))
        return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _works(key: SigningKey) -> bool:
    """Whether its signatures verify."""
    digest = bytes(32)
    try:
        signature = key.sign(digest, "sha256")
    except Exception:  # noqa: BLE001 -- whatever the library raises: the key is no good
        return False
    return public_key("rsa", base64.b64decode(key.record())).check(signature, digest, "sha256")


def load_private_key(pem: bytes) -> SigningKey:
    """A private RSA or Ed25519 key of PEM text. Raises KeyProblem."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        # The library's tests of primes take a tenth of a second; below it is seen whether the key works.
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyProblem("private key cannot be read") from error
    if isinstance(key, RSAPrivateKey):
        made = SigningKey("rsa", key.key_size, key)
        if not _works(made):
            raise KeyProblem("private key is broken")
        return made
    if isinstance(key, Ed25519PrivateKey):
        return SigningKey("ed25519", 256, key)
    raise KeyProblem("private key is neither RSA nor Ed25519")
