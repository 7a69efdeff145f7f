"""What a verifier takes and what not: the limits of RFC 8301, and local choices."""

from __future__ import annotations

from collections.abc import Mapping

from eximia.base.dataclass import dataclass, field


@dataclass(frozen=True, slots=True)
class Policy:
    """The default is what the RFCs ask for."""

    #: in the order of preference
    hashes: tuple[str, ...] = ("sha256", "sha512")
    keytypes: tuple[str, ...] = ("ed25519", "rsa")
    min_bits: Mapping[str, int] = field(default_factory=lambda: {"rsa": 1024, "ed25519": 250})
    #: signatures beyond this many are not checked
    most_signatures: int = 20
    #: a signature past its x= is no good
    expiry: bool = True
    #: seconds that clocks may differ
    skew: int = 300
    #: From: must be signed (RFC 6376 section 5.4)
    require_from: bool = True
    #: refuse a signature when the message has more fields of these names than it signs (RFC 6376 section 8.15); only
    #: names that it signs at all count
    no_more_of: tuple[str, ...] = ()


DEFAULT = Policy()
#: Everything that can be computed is accepted, as before RFC 8301.
HISTORIC = Policy(hashes=("sha256", "sha512", "sha1"), min_bits={"rsa": 512, "ed25519": 250})
#: The default, and no unsigned second field that a reader may take for the signed one.
STRICT = Policy(no_more_of=("from", "sender", "reply-to", "subject", "date", "message-id", "to", "cc"))
