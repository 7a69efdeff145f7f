"""Checking a chain of ARC sets (RFC 8617 section 5.2), with the body in pieces.

    verification = Verification(fields)
    verification.feed(body)
    result = verification.result(txt)

No message, key record or answer makes it raise; a chain of 50 sets asks 100 keys at most, most of them once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from eximia.base.dataclass import dataclass
from eximia.mailauth.canon import HASHES, BodyDigests, Digest
from eximia.mailauth.dkim import result as words
from eximia.mailauth.dkim.policy import DEFAULT, Policy
from eximia.mailauth.dkim.signature import Signature
from eximia.mailauth.dkim.verify import NoKey, find_key, header_hash
from eximia.mailauth.fields import Fields, split_message
from eximia.mailauth.keys import KeyRecord, PublicKey
from eximia.mailauth.tags import without_tag
from eximia.mailauth.txt import Txt

from .chain import AAR, AMS, AS, ArcSet, Chain, read_chain

NONE = "none"
PASS = "pass"  # noqa: S105 -- a verdict
FAIL = "fail"


@dataclass(frozen=True, slots=True)
class ArcResult:
    """`state` is `none`, `pass` or `fail`; `reason` says why it failed. `instance`: the highest, 0 without a chain.
    `domains`: of the seals, oldest first, "" where one is missing. `oldest_pass`: the lowest instance whose message
    signature still verifies with all after it, 0 when the newest does not."""

    state: str
    reason: str = ""
    instance: int = 0
    domains: tuple[str, ...] = ()
    oldest_pass: int = 0
    #: a key could not be had for now
    temporary: bool = False


class Verification:
    """The chain of one message."""

    __slots__ = ("_digests", "bodies", "chain", "fields", "policy")

    def __init__(
        self,
        fields: Sequence[bytes] | Fields,
        policy: Policy = DEFAULT,
        bodies: BodyDigests | None = None,
        *,
        share: bool = False,
    ) -> None:
        """`bodies`: digests of another mechanism. With `share` the body is yet to come, and ours are added; without,
        it has been fed, and they serve when they have all that is needed."""
        self.fields = fields if isinstance(fields, Fields) else Fields(fields)
        self.policy = policy
        self.chain: Chain = read_chain(self.fields)
        self.bodies = BodyDigests() if bodies is None or not (share or self._all_in(bodies)) else bodies
        self._digests: dict[int, Digest] = {}
        if not self.chain.error:
            for one in self.chain.sets:
                ams = one.ams
                self._digests[one.instance] = self.bodies.want(ams.canon_body, ams.hash_name, ams.length)

    def _all_in(self, bodies: BodyDigests) -> bool:
        signatures = [one.ams for one in self.chain.sets]
        return all(bodies.has(each.canon_body, each.hash_name, each.length) for each in signatures)

    @property
    def needs_body(self) -> bool:
        """Whether `feed` has anything to do."""
        return bool(self._digests) and not self.bodies.finished

    def feed(self, data: bytes) -> None:
        """A piece of the body, cut anywhere, with LF or CRLF line ends."""
        self.bodies.feed(data)

    def result(self, txt: Txt, now: float | None = None) -> ArcResult:
        """The chain's result. The body must be complete. `now` is for `x=` of the newest message signature, where the
        policy heeds that."""
        chain = self.chain
        domains = tuple(chain.domains)
        if not chain.sets and not chain.error:
            return ArcResult(NONE)
        if chain.error:
            return ArcResult(FAIL, chain.error, chain.highest, domains)
        self.bodies.finish()
        newest = chain.sets[-1]
        policy = self.policy
        if policy.expiry and newest.ams.expires is not None:
            if newest.ams.expires + policy.skew < (time.time() if now is None else now):
                return ArcResult(FAIL, f"(i={newest.instance}: AMS: expired)", chain.highest, domains)
        problem, temporary = self._message_signature(newest, txt)
        if problem:
            return ArcResult(FAIL, f"(i={newest.instance}: AMS: {problem})", chain.highest, domains, 0, temporary)
        oldest = newest.instance
        for one in reversed(chain.sets[:-1]):
            if self._message_signature(one, txt)[0]:
                break
            oldest = one.instance
        for one in reversed(chain.sets):
            problem, temporary = self._seal(one, txt)
            if problem:
                reason = f"(i={one.instance}: AS: {problem})"
                return ArcResult(FAIL, reason, chain.highest, domains, oldest, temporary)
        return ArcResult(PASS, "", chain.highest, domains, oldest)

    def _key(self, signature: Signature, txt: Txt) -> tuple[KeyRecord, PublicKey] | NoKey:
        if signature.hash_name not in self.policy.hashes or signature.keytype not in self.policy.keytypes:
            return NoKey((words.POLICY, signature, words.ALGORITHM_REFUSED, "algorithm is not accepted"))
        found = find_key(signature, txt)
        if isinstance(found, tuple) and found[1].bits < self.policy.min_bits.get(found[1].keytype, 0):
            detail = f"key of {found[1].bits} bits is too short"
            return NoKey((words.POLICY, signature, words.KEY_TOO_SHORT, detail), found[0], found[1].bits)
        return found

    def _message_signature(self, one: ArcSet, txt: Txt) -> tuple[str, bool]:
        """(problem, whether it may pass) of the message signature of a set."""
        ams = one.ams
        found = self._key(ams, txt)
        if isinstance(found, NoKey):
            return found.verdict[3], found.verdict[0] == words.TEMPERROR
        digest = self._digests[one.instance]
        if not digest.matches(ams.body_hash):
            return "body hash did not verify", False
        hashed = header_hash(self.fields, one.message_signature, ams)
        if not found[1].check(ams.value, hashed, ams.hash_name):
            return "signature did not verify", False
        return "", False

    def _seal(self, one: ArcSet, txt: Txt) -> tuple[str, bool]:
        """The same of a seal."""
        sealed = one.sealed
        found = self._key(sealed, txt)
        if isinstance(found, NoKey):
            return found.verdict[3], found.verdict[0] == words.TEMPERROR
        hashed = seal_hash(self.fields, self.chain.sets[: one.instance], sealed.hash_name)
        if not found[1].check(sealed.value, hashed, sealed.hash_name):
            return "signature did not verify", False
        return "", False


def seal_hash(fields: Fields, sets: Sequence[ArcSet], hash_name: str) -> bytes:
    """The hash that the seal of the last of the sets signs (RFC 8617 section 5.1.1)."""
    hasher = HASHES[hash_name]()
    for one in sets[:-1]:
        for place in (one.results, one.message_signature, one.seal):
            hasher.update(fields.relaxed(place))
    last = sets[-1]
    hasher.update(fields.relaxed(last.results))
    hasher.update(fields.relaxed(last.message_signature))
    own = Fields([without_tag(fields.all[last.seal], b"b")]).relaxed(0)
    hasher.update(own.removesuffix(b"\r\n"))
    digest: bytes = hasher.digest()
    return digest


def verify(message: bytes, txt: Txt, policy: Policy = DEFAULT, now: float | None = None) -> ArcResult:
    """The result for a whole message."""
    fields, body = split_message(message)
    verification = Verification(fields, policy)
    if verification.needs_body:
        verification.feed(body)
    return verification.result(txt, now)


__all__ = ["AAR", "AMS", "AS", "ArcResult", "Verification", "seal_hash", "verify"]
