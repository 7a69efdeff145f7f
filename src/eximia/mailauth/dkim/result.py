"""What a check of one DKIM signature found."""

from __future__ import annotations

from eximia.base.dataclass import dataclass
from eximia.mailauth.keys import KeyRecord

from .signature import Signature

PASS = "pass"  # noqa: S105 -- a verdict
FAIL = "fail"
NEUTRAL = "neutral"
POLICY = "policy"
PERMERROR = "permerror"
TEMPERROR = "temperror"

# Reasons: the words of the manual first, then ours.
PUBKEY_UNAVAILABLE = "pubkey_unavailable"
PUBKEY_SYNTAX = "pubkey_syntax"
BODYHASH_MISMATCH = "bodyhash_mismatch"
SIGNATURE_INCORRECT = "signature_incorrect"
SIGNATURE_SYNTAX = "signature_syntax"
KEY_REVOKED = "pubkey_revoked"
KEY_UNSUITABLE = "pubkey_unsuitable"
KEY_NOT_FOR_HASH = "pubkey_not_for_hash"
KEY_TOO_SHORT = "pubkey_too_short"
KEY_BAD = "pubkey_bad"
ALGORITHM_REFUSED = "algorithm_refused"
EXPIRED = "expired"
FROM_NOT_SIGNED = "from_not_signed"
HEADER_ADDED = "header_added"
TOO_MANY = "too_many_signatures"


@dataclass(frozen=True, slots=True)
class DkimResult:
    """`status` is a word of RFC 8601 section 2.7.1 (`pass`, `fail`, `neutral`, `policy`, `permerror`, `temperror`);
    `reason` one of this module's words, "" with a pass; `detail` says more to people. `key` is there when the record
    could be read, `key_bits` when the key itself could."""

    status: str
    signature: Signature
    reason: str = ""
    detail: str = ""
    key: KeyRecord | None = None
    key_bits: int = 0
    #: where the field stands among the message's fields, top to bottom
    index: int = -1

    @property
    def passed(self) -> bool:
        return self.status == PASS

    @property
    def domain(self) -> str:
        """d=, lower case."""
        return self.signature.domain

    @property
    def selector(self) -> str:
        return self.signature.selector

    @property
    def identity(self) -> str:
        """i=, `@domain` when there is none."""
        return self.signature.auid

    @property
    def algorithm(self) -> str:
        return self.signature.algorithm

    @property
    def testing(self) -> bool:
        """The key record has t=y."""
        return self.key is not None and self.key.testing
