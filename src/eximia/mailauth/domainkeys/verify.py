"""Checking DomainKeys signatures (RFC 4870 section 3), with the body in pieces.

    verification = Verification(fields)
    verification.feed(body)
    result = verification.result(txt)

`verify(message, txt)` does it for a whole message. No message, record or answer makes it raise. At most five
signatures are tried, the topmost first; the first good one counts, else the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eximia.base.dataclass import dataclass
from eximia.mailauth.fields import Fields, split_message
from eximia.mailauth.keys import KeyProblem, parse_key_record, public_key
from eximia.mailauth.tags import TagError, parse_tags
from eximia.mailauth.txt import FOUND, TEMPERROR, Txt

from .signature import BadDomainKey, DomainKey, Hashing, Sender, find_sender, read

_NAME = b"domainkey-signature"
_MOST = 5

GOOD = "good"
BAD = "bad"
NO_SIGNATURE = "no signature"
NO_KEY = "no key"
BAD_FORMAT = "bad format"
NON_PARTICIPANT = "non-participant"
REVOKED = "revoked"

#: statuses to the words of Authentication-Results (RFC 8601 appendix D.3, RFC 5451)
RESULTS = {
    GOOD: "pass",
    BAD: "fail",
    NO_SIGNATURE: "none",
    NO_KEY: "permerror",
    BAD_FORMAT: "permerror",
    NON_PARTICIPANT: "none",
    REVOKED: "permerror",
}


@dataclass(frozen=True, slots=True)
class DomainKeysResult:
    """`status` is one of RFC 4870's words above; `detail` says more to people. `testing`: the key record says so, or
    it has no flags and the policy record says so. `signs_all`: the policy record has o=-."""

    status: str
    sender: Sender
    detail: str = ""
    signed: bool = False
    testing: bool = False
    signs_all: bool = False
    domain: str = ""
    selector: str = ""
    temporary: bool = False

    @property
    def result(self) -> str:
        """The word for Authentication-Results: `pass`, `fail`, `none`, `permerror`, `temperror`."""
        return "temperror" if self.temporary else RESULTS[self.status]


@dataclass(slots=True)
class _Verdict:
    status: str
    detail: str = ""
    #: what the flags of the key record say; None without flags
    testing: bool | None = None
    temporary: bool = False
    domain: str = ""
    selector: str = ""


class Verification:
    """The signatures of one message."""

    __slots__ = ("_found", "_sender", "fields", "hashes", "min_bits")

    def __init__(
        self,
        fields: Sequence[bytes] | Fields,
        *,
        hashes: frozenset[str] = frozenset({"sha1", "sha256"}),
        min_bits: int = 512,
    ) -> None:
        """`hashes` and `min_bits`: which are good enough. The standard has only SHA-1."""
        self.fields = fields if isinstance(fields, Fields) else Fields(fields)
        self.min_bits = min_bits
        self.hashes = hashes
        self._sender = find_sender(self.fields)
        self._found: list[tuple[DomainKey, Sender, Hashing] | _Verdict] = []
        for index in self.fields.named(_NAME)[:_MOST]:
            self._found.append(self._begin(index))

    def _begin(self, index: int) -> tuple[DomainKey, Sender, Hashing] | _Verdict:
        fields = self.fields
        try:
            signature = read(fields.all[index].partition(b":")[2])
        except BadDomainKey as error:
            return _Verdict(BAD_FORMAT, str(error))
        sender = find_sender(fields, index)
        problem = self._problem(signature, sender)
        if problem:
            return _Verdict(BAD_FORMAT, problem, domain=signature.domain, selector=signature.selector)
        hashing = Hashing(fields, index, signature.canon, signature.hash_name, signature.headers)
        return signature, sender, hashing

    def _problem(self, signature: DomainKey, sender: Sender) -> str:
        if not sender.source:
            return "no sender below the signature"
        if sender.domain != signature.domain and not sender.domain.endswith(f".{signature.domain}"):
            return "the sender is not in the signature's domain"
        if signature.headers is not None and sender.source.encode() not in signature.headers:
            return f"{sender.source.capitalize()}: is not signed"
        if signature.hash_name not in self.hashes:
            return f"hash {signature.hash_name} is not accepted"
        return ""

    @property
    def needs_body(self) -> bool:
        """Whether `feed` has anything to do."""
        return any(isinstance(each, tuple) for each in self._found)

    def feed(self, data: bytes) -> None:
        """A piece of the body, cut anywhere, with LF or CRLF line ends."""
        for each in self._found:
            if isinstance(each, tuple):
                each[2].feed(data)

    def result(self, txt: Txt) -> DomainKeysResult:
        """The message's result. The body must be complete; ask once."""
        sender = self._sender
        chosen: _Verdict | None = None
        for each in self._found:
            verdict = each if isinstance(each, _Verdict) else self._check(*each, txt)
            if chosen is None or verdict.status == GOOD:
                chosen = verdict
                if isinstance(each, tuple):
                    sender = each[1]
            if verdict.status == GOOD:
                break
        policy: Mapping[str, bytes] = {}
        if sender.domain:
            policy = _policy(sender.domain, txt)
        if chosen is None:
            status = NON_PARTICIPANT if policy.get("o", b"") == b"." else NO_SIGNATURE
            chosen = _Verdict(status, "the domain does not take part" if policy.get("o") == b"." else "")
        flags = {flag.strip().lower() for flag in policy.get("t", b"").split(b":")}
        testing = b"y" in flags if chosen.testing is None else chosen.testing
        return DomainKeysResult(
            chosen.status,
            sender,
            chosen.detail,
            bool(self._found),
            testing,
            policy.get("o", b"~") == b"-",
            chosen.domain,
            chosen.selector,
            chosen.temporary,
        )

    def _check(self, signature: DomainKey, sender: Sender, hashing: Hashing, txt: Txt) -> _Verdict:
        verdict = _Verdict(NO_KEY, domain=signature.domain, selector=signature.selector)
        answer = txt(signature.key_name)
        if answer.status != FOUND or not answer.texts:
            verdict.temporary = answer.status == TEMPERROR
            verdict.detail = answer.why or "no key for the signature"
            return verdict
        try:
            record = parse_key_record(answer.texts[0])
            verdict.testing = record.testing if record.flags else None
            key = public_key(record.keytype, record.data)
        except KeyProblem as error:
            verdict.status = REVOKED if error.revoked else BAD_FORMAT
            verdict.detail = str(error)
            return verdict
        granularity = record.granularity
        if record.keytype != "rsa" or key.bits < self.min_bits:
            verdict.status, verdict.detail = BAD_FORMAT, f"unusable {record.keytype[:20]} key of {key.bits} bits"
        elif granularity not in ("", "*") and granularity != sender.local_part:
            verdict.status, verdict.detail = BAD_FORMAT, "the key is for another local part"
        elif key.check(signature.value, hashing.finish(), signature.hash_name):
            verdict.status, verdict.detail = GOOD, f"signature by {signature.domain} is good"
        else:
            verdict.status, verdict.detail = BAD, "signature did not verify"
        return verdict


def _policy(domain: str, txt: Txt) -> Mapping[str, bytes]:
    answer = txt(f"_domainkey.{domain}")
    if answer.status == FOUND and answer.texts:
        try:
            return parse_tags(answer.texts[0])
        except TagError:
            return {}
    return {}


def verify(message: bytes, txt: Txt) -> DomainKeysResult:
    """The result for a whole message."""
    fields, body = split_message(message)
    verification = Verification(fields)
    verification.feed(body)
    return verification.result(txt)
