"""Making DomainKeys signatures (RFC 4870 section 3.4), with the body in pieces."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from eximia.base.dataclass import dataclass
from eximia.mailauth.dkim.sign import Layout
from eximia.mailauth.fields import Fields
from eximia.mailauth.keys import SigningKey

from .signature import Hashing

#: fields that mail systems change, drop or put above others of the same name on the way
_UNSIGNED = frozenset(
    {
        b"return-path",
        b"received",
        b"bcc",
        b"resent-bcc",
        b"envelope-to",
        b"delivery-date",
        b"authentication-results",
        b"domainkey-signature",
        b"dkim-signature",
        b"arc-seal",
        b"arc-message-signature",
        b"arc-authentication-results",
    }
)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs and how; `key` must be RSA."""

    domain: str
    selector: str
    key: SigningKey
    canon: str = "simple"
    hash_name: str = "sha1"


class Signing:
    """One signature in the making."""

    __slots__ = ("_hashing", "_names", "signer")

    def __init__(self, fields: Sequence[bytes] | Fields, signer: Signer) -> None:
        """Raises ValueError when the key is not RSA or there is no header."""
        if signer.key.keytype != "rsa":
            raise ValueError("DomainKeys has RSA keys only")
        self.signer = signer
        known = fields if isinstance(fields, Fields) else Fields(fields)
        self._names = [name for name in known.names if name and name not in _UNSIGNED]
        if not self._names:
            raise ValueError("no header to sign")
        self._hashing = Hashing(known, -1, signer.canon, signer.hash_name, tuple(self._names))

    def feed(self, data: bytes) -> None:
        """A piece of the body."""
        self._hashing.feed(data)

    def field(self) -> bytes:
        """The DomainKey-Signature field, to be put above all others; with CRLF line ends. Only once."""
        signer = self.signer
        value = signer.key.sign(self._hashing.finish(), signer.hash_name)
        layout = Layout(b"DomainKey-Signature: ")
        for text in (f"a=rsa-{signer.hash_name}", "q=dns", f"c={signer.canon}"):
            layout.add(text.encode("latin-1"))
        layout.add(f"s={signer.selector}".encode("latin-1"))
        layout.add(f"d={signer.domain}".encode("latin-1"))
        layout.add_names(b"h=", self._names)
        layout.begin_value()
        layout.append_long(base64.b64encode(value))
        return layout.text() + b";\r\n"
