"""Checking DKIM signatures (RFC 6376 section 6), with the body in pieces.

A whole message at once:

    from eximia.mailauth.dkim.verify import verify
    for result in verify(open("message.eml", "rb").read(), txt):
        print(result.domain, result.status, result.reason)

In pieces: `Verification(fields)` when the header is there, `feed` for each piece of the body, then `results(txt)`.
No message, key record or answer makes it raise. Work is bounded: at most `Policy.most_signatures` signatures are
checked, each canonical header field and each canonical body is made once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from eximia.mailauth.canon import HASHES, BodyDigests, Digest
from eximia.mailauth.fields import Fields, split_message
from eximia.mailauth.keys import KeyProblem, KeyRecord, PublicKey, parse_key_record, public_key
from eximia.mailauth.tags import without_tag
from eximia.mailauth.txt import FOUND, TEMPERROR, Txt

from . import result as words
from .policy import DEFAULT, Policy
from .result import DkimResult
from .signature import Signature, read

_NAME = b"dkim-signature"
#: records of one name that are tried
_MOST_RECORDS = 8


class Verification:
    """The signatures of one message. `fields`: the header's fields with their line ends, top to bottom."""

    __slots__ = ("_found", "bodies", "fields", "policy")

    def __init__(
        self, fields: Sequence[bytes] | Fields, policy: Policy = DEFAULT, bodies: BodyDigests | None = None
    ) -> None:
        self.fields = fields if isinstance(fields, Fields) else Fields(fields)
        self.policy = policy
        self.bodies = BodyDigests() if bodies is None else bodies
        self._found: list[tuple[int, Signature, str, Digest | None]] = []
        for index in self.fields.named(_NAME):
            signature, error = read(self.fields.all[index].partition(b":")[2])
            digest = None
            if len(self._found) >= policy.most_signatures:
                error = error or "too many signatures"
            elif not error:
                digest = self.bodies.want(signature.canon_body, signature.hash_name, signature.length)
            self._found.append((index, signature, error, digest))

    @property
    def signatures(self) -> list[Signature]:
        """All of them, top to bottom, broken ones too."""
        return [signature for _, signature, _, _ in self._found]

    def accepted(self) -> list[Signature]:
        """Those whose algorithm the policy accepts, in the order of its key types and hashes."""
        policy = self.policy
        found = [
            each for each in self.signatures if each.hash_name in policy.hashes and each.keytype in policy.keytypes
        ]
        return sorted(found, key=self._rank)

    def wanted_keys(self) -> list[str]:
        """The names of the keys that `results` is going to ask for, each once, so that they can be asked at the same
        time. The body must be complete."""
        self.bodies.finish()
        names: dict[str, None] = {}
        for _, signature, _, digest in self._found:
            if digest is not None and not _refused(signature, self.policy) and digest.matches(signature.body_hash):
                names[signature.key_name] = None
        return list(names)

    @property
    def needs_body(self) -> bool:
        """Whether `feed` has anything to do."""
        return bool(self.bodies)

    def feed(self, data: bytes) -> None:
        """A piece of the body, cut anywhere, with LF or CRLF line ends."""
        self.bodies.feed(data)

    def results(self, txt: Txt, now: float | None = None, *, preferred: bool = False) -> Iterator[DkimResult]:
        """One result a signature, top to bottom; with `preferred` in the order of the policy's key types and hashes.
        The body must be complete. Lazy: who stops early saves the work."""
        self.bodies.finish()
        moment = time.time() if now is None else now
        most = self.policy.most_signatures
        numbers = list(range(len(self._found)))
        if preferred:
            numbers.sort(key=lambda number: self._rank(self._found[number][1]))
        for number in numbers:
            index, signature, error, digest = self._found[number]
            if number >= most:
                yield DkimResult(words.PERMERROR, signature, words.TOO_MANY, error, index=index)
            elif digest is None:
                yield DkimResult(words.PERMERROR, signature, words.SIGNATURE_SYNTAX, error, index=index)
            else:
                yield self._check(index, signature, digest, txt, moment)

    def _rank(self, signature: Signature) -> tuple[int, int]:
        keytypes, hashes = self.policy.keytypes, self.policy.hashes
        return (
            keytypes.index(signature.keytype) if signature.keytype in keytypes else len(keytypes),
            hashes.index(signature.hash_name) if signature.hash_name in hashes else len(hashes),
        )

    def _check(self, index: int, signature: Signature, digest: Digest, txt: Txt, now: float) -> DkimResult:
        """One signature that could be read."""
        policy = self.policy
        refused = _refused(signature, policy)
        if refused:
            return DkimResult(words.POLICY, signature, words.ALGORITHM_REFUSED, refused, index=index)
        if policy.require_from and b"from" not in signature.headers:
            detail = "From: is not signed"
            return DkimResult(words.PERMERROR, signature, words.FROM_NOT_SIGNED, detail, index=index)
        if policy.expiry and signature.expires is not None and signature.expires + policy.skew < now:
            return DkimResult(words.PERMERROR, signature, words.EXPIRED, "signature expired", index=index)
        # Before the key, since it saves a question to the DNS.
        if not digest.matches(signature.body_hash):
            detail = "body shorter than l=" if digest.short else "body hash did not verify"
            return DkimResult(words.FAIL, signature, words.BODYHASH_MISMATCH, detail, index=index)
        found = find_key(signature, txt)
        if isinstance(found, NoKey):
            return DkimResult(*found.verdict, found.record, found.bits, index)
        record, key = found
        hashed = header_hash(self.fields, index, signature)
        if not key.check(signature.value, hashed, signature.hash_name):
            reason, detail = words.SIGNATURE_INCORRECT, "signature did not verify"
            return DkimResult(words.FAIL, signature, reason, detail, record, key.bits, index)
        if key.bits < policy.min_bits.get(key.keytype, 0):
            detail = f"key of {key.bits} bits is too short"
            return DkimResult(words.POLICY, signature, words.KEY_TOO_SHORT, detail, record, key.bits, index)
        added = self._added(signature)
        if added:
            detail = f"unsigned {added}: added"
            return DkimResult(words.POLICY, signature, words.HEADER_ADDED, detail, record, key.bits, index)
        return DkimResult(words.PASS, signature, key=record, key_bits=key.bits, index=index)

    def _added(self, signature: Signature) -> str:
        for name in self.policy.no_more_of:
            signed = signature.headers.count(name.encode("latin-1"))
            if signed and len(self.fields.named(name.encode("latin-1"))) > signed:
                return name
        return ""


def _refused(signature: Signature, policy: Policy) -> str:
    if signature.hash_name not in policy.hashes:
        return f"hash {signature.hash_name} is not accepted"
    if signature.keytype not in policy.keytypes:
        return f"key type {signature.keytype} is not accepted"
    return ""


def header_hash(fields: Fields, index: int, signature: Signature) -> bytes:
    """The hash that the signature's value signs (RFC 6376 section 3.7)."""
    hasher = HASHES[signature.hash_name]()
    canon = signature.canon_header
    for text in fields.selected(signature.headers, canon, index):
        hasher.update(text)
    own = Fields([without_tag(fields.all[index], b"b")]).canonical(0, canon)
    hasher.update(own.removesuffix(b"\r\n"))
    digest: bytes = hasher.digest()
    return digest


class NoKey:
    """No key to check with: the verdict (status, signature, reason, detail), and what is known of the key."""

    __slots__ = ("bits", "record", "verdict")

    def __init__(
        self, verdict: tuple[str, Signature, str, str], record: KeyRecord | None = None, bits: int = 0
    ) -> None:
        self.verdict = verdict
        self.record = record
        self.bits = bits


def find_key(signature: Signature, txt: Txt) -> tuple[KeyRecord, PublicKey] | NoKey:
    """The signature's key from the DNS, and whether it may be used for it (RFC 6376 section 6.1.2)."""
    answer = txt(signature.key_name)
    if answer.status == TEMPERROR:
        return NoKey((words.TEMPERROR, signature, words.PUBKEY_UNAVAILABLE, answer.why or "key not available now"))
    if answer.status != FOUND or not answer.texts:
        return NoKey((words.PERMERROR, signature, words.PUBKEY_UNAVAILABLE, "no key for signature"))
    problem: NoKey | None = None
    for text in answer.texts[:_MOST_RECORDS]:
        found = _usable(signature, text)
        if not isinstance(found, NoKey):
            return found
        # What came closest to a key says the most.
        if problem is None or (problem.record is None and (found.record or found.verdict[2] == words.KEY_REVOKED)):
            problem = found
    assert problem is not None  # there is a record
    return problem


def _usable(signature: Signature, text: bytes) -> tuple[KeyRecord, PublicKey] | NoKey:
    """The key of one record."""
    try:
        record = parse_key_record(text)
    except KeyProblem as error:
        reason = words.KEY_REVOKED if error.revoked else words.PUBKEY_SYNTAX
        return NoKey((words.PERMERROR, signature, reason, str(error)))
    unsuitable = _unsuitable(signature, record)
    if unsuitable:
        return NoKey((words.PERMERROR, signature, words.KEY_UNSUITABLE, unsuitable), record)
    try:
        key = public_key(record.keytype, record.data)
    except KeyProblem as error:
        return NoKey((words.PERMERROR, signature, words.KEY_BAD, str(error)), record)
    if record.hashes and signature.hash_name not in record.hashes:
        detail = "key is not for this hash"
        return NoKey((words.PERMERROR, signature, words.KEY_NOT_FOR_HASH, detail), record, key.bits)
    return record, key


def _unsuitable(signature: Signature, record: KeyRecord) -> str:
    if record.keytype != signature.keytype:
        return "key is of another type than a= says"
    if not record.for_mail:
        return "key is not for mail"
    if record.no_subdomains and signature.identity:
        if signature.tags["i"].rpartition(b"@")[2].lower().decode("latin-1") != signature.domain:
            return "key is not for subdomains"
    return ""


def verify(message: bytes, txt: Txt, now: float | None = None, policy: Policy = DEFAULT) -> list[DkimResult]:
    """The results of all signatures of a whole message, top to bottom; [] when it has none."""
    fields, body = split_message(message)
    verification = Verification(fields, policy)
    if verification.needs_body:
        verification.feed(body)
    return list(verification.results(txt, now))


def overall(results: Sequence[DkimResult]) -> str:
    """One word for a message: `pass` when any passes, else the first of `temperror`, `fail`, `policy`, `neutral`,
    `permerror` that any signature has; `none` without signatures."""
    found = {result.status for result in results}
    for status in (words.PASS, words.TEMPERROR, words.FAIL, words.POLICY, words.NEUTRAL, words.PERMERROR):
        if status in found:
            return status
    return "none"
