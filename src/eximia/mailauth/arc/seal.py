"""Adding an ARC set to a message (RFC 8617 section 5.1), with the body in pieces.

    sealing = Sealing(fields, Sealer("lists.example.org", "example.org", "sel", key), cv="none", results=b"spf=pass")
    sealing.feed(body)
    message = b"".join(sealing.fields()) + message

The tags are sorted by name; a blank or a fold stands after each semicolon and nowhere else.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from eximia.base.dataclass import dataclass
from eximia.mailauth.canon import HASHES, BodyDigests
from eximia.mailauth.fields import Fields, split_message
from eximia.mailauth.keys import SigningKey

from .chain import AAR, AMS, AS, MOST_SETS, Chain, read_chain, without_comments

#: What is signed when nothing is said: those of the message that matter to its reader, and earlier signatures.
DEFAULT_HEADERS = (
    b"from", b"sender", b"reply-to", b"subject", b"date", b"message-id", b"to", b"cc", b"mime-version",
    b"content-type", b"content-transfer-encoding", b"content-id", b"content-description", b"resent-date",
    b"resent-from", b"resent-sender", b"resent-to", b"resent-cc", b"resent-message-id", b"in-reply-to",
    b"references", b"list-id", b"list-help", b"list-unsubscribe", b"list-subscribe", b"list-post", b"list-owner",
    b"list-archive", b"dkim-signature",
)  # fmt: skip
_NEVER = frozenset({AAR, AMS, AS, b"authentication-results", b"return-path", b"received"})
_LINE = 72


class SealError(ValueError):
    """The message cannot be sealed; the text says why."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Who seals. `created`: for `t=` of both; `expires`: for `x=` of the message signature. `sign_headers`: names in
    lower case, taken as they are; None: the default, as far as they are there."""

    authserv_id: str
    domain: str
    selector: str
    key: SigningKey
    created: int | None = None
    expires: int | None = None
    sign_headers: Sequence[bytes] | None = None


def own_results(fields: Fields, authserv_id: str) -> bytes | None:
    """What all Authentication-Results fields of `authserv_id` say, joined, top to bottom, as it follows the id and a
    semicolon in an ARC-Authentication-Results field. None when there is no such field."""
    wanted = authserv_id.encode("latin-1").lower()
    found: list[bytes] = []
    for place in fields.named(b"authentication-results"):
        value = fields.all[place].partition(b":")[2]
        head, semicolon, rest = value.partition(b";")
        words = without_comments(head).split()
        if not words or words[0].lower().strip(b'"') != wanted:
            continue
        text = rest.strip(b" \t\r\n").rstrip(b";").rstrip() if semicolon else b""
        if text and text.lower() != b"none":
            found.append(text)
        elif not found:
            found.append(b"")
    if not found:
        return None
    return b"; ".join([text for text in found if text]) or b"none"


def may_seal(chain: Chain) -> bool:
    """Nothing may be added to a chain whose newest seal says that it has failed, nor beyond 50 sets."""
    if not chain.sets:
        return not chain.error
    return chain.sets[-1].cv != "fail" and chain.highest < MOST_SETS


class Sealing:
    """One set in the making. `cv` is what verification said of the chain so far (`none`, `pass`, `fail`); `results`
    the results on arrival. Raises SealError."""

    __slots__ = ("_chain", "_cv", "_digest", "_fields", "_names", "_results", "bodies", "instance", "sealer")

    def __init__(
        self,
        fields: Sequence[bytes] | Fields,
        sealer: Sealer,
        cv: str,
        results: bytes,
        bodies: BodyDigests | None = None,
    ) -> None:
        self._fields = fields if isinstance(fields, Fields) else Fields(fields)
        self._chain = read_chain(self._fields)
        if not may_seal(self._chain):
            raise SealError("the chain has failed before" if self._chain.highest < MOST_SETS else "too many sets")
        self.sealer = sealer
        self.instance = self._chain.highest + 1
        self._cv = cv if self._chain.sets else "none"
        self._results = results
        names = sealer.sign_headers
        if names is None:
            there = self._fields
            names = [name for name in DEFAULT_HEADERS for _ in there.named(name)]
        self._names = [name for name in names if name not in _NEVER]
        if not self._names:
            raise SealError("no header to sign")
        self.bodies = BodyDigests() if bodies is None else bodies
        self._digest = self.bodies.want("relaxed", "sha256")

    def feed(self, data: bytes) -> None:
        """A piece of the body."""
        self.bodies.feed(data)

    def fields(self) -> list[bytes]:
        """The set as it goes on top of the message: seal, message signature, results; with CRLF line ends."""
        self.bodies.finish()
        sealer = self.sealer
        aar = b"ARC-Authentication-Results: i=%d; %b; %b\r\n" % (
            self.instance,
            sealer.authserv_id.encode("latin-1"),
            _crlf(self._results),
        )
        tags = self._common()
        tags["bh"] = base64.b64encode(self._digest.value())
        tags["c"] = b"relaxed/relaxed"
        tags["h"] = b":".join(self._names)
        if sealer.expires is not None:
            tags["x"] = b"%d" % sealer.expires
        hasher = HASHES["sha256"]()
        for text in self._fields.selected(self._names, "relaxed"):
            hasher.update(text)
        ams = self._signed(b"ARC-Message-Signature: ", tags, hasher)
        tags = self._common()
        tags["cv"] = self._cv.encode("latin-1")
        hasher = HASHES["sha256"]()
        # A failed chain is sealed for itself only (RFC 8617 section 5.1.2).
        if self._cv != "fail":
            for one in self._chain.sets:
                for place in (one.results, one.message_signature, one.seal):
                    hasher.update(self._fields.relaxed(place))
        hasher.update(Fields([aar]).relaxed(0))
        hasher.update(Fields([ams]).relaxed(0))
        return [self._signed(b"ARC-Seal: ", tags, hasher), ams, aar]

    def _common(self) -> dict[str, bytes]:
        sealer = self.sealer
        tags = {
            "a": f"{sealer.key.keytype}-sha256".encode("latin-1"),
            "b": b"",
            "d": sealer.domain.encode("latin-1"),
            "i": b"%d" % self.instance,
            "s": sealer.selector.encode("latin-1"),
        }
        if sealer.created is not None:
            tags["t"] = b"%d" % sealer.created
        return tags

    def _signed(self, start: bytes, tags: dict[str, bytes], hasher: object) -> bytes:
        """The field with its signature; `hasher` has what goes before it."""
        digest = hasher.copy()  # type: ignore[attr-defined]
        digest.update(Fields([_laid_out(start, tags)]).relaxed(0).removesuffix(b"\r\n"))
        tags["b"] = base64.b64encode(self.sealer.key.sign(digest.digest(), "sha256"))
        return _laid_out(start, tags)


def _crlf(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _laid_out(start: bytes, tags: dict[str, bytes]) -> bytes:
    """The tags in the order of their names, folded between them only: a fold inside `b=` would be a blank in what the
    seal signs, and another one there after a hop that lays the field out anew."""
    lines = [start]
    room = _LINE - len(start)
    for number, name in enumerate(sorted(tags)):
        text = name.encode() + b"=" + tags[name]
        if number:
            lines[-1] += b"; "
            room -= 2
            if len(text) > room:
                lines.append(b"")
                room = _LINE
        lines[-1] += text
        room -= len(text)
    return b"\r\n ".join(line.rstrip(b" ") if number else line for number, line in enumerate(lines)) + b"\r\n"


def seal(message: bytes, sealer: Sealer, cv: str) -> list[bytes]:
    """The set for a whole message; [] when nothing may be added. The results come from the message's own
    Authentication-Results fields of the sealer's id; without any, SealError."""
    fields, body = split_message(message)
    known = Fields(fields)
    if not may_seal(read_chain(known)):
        return []
    results = own_results(known, sealer.authserv_id)
    if results is None:
        raise SealError("no Authentication-Results of ours")
    sealing = Sealing(known, sealer, cv, results)
    sealing.feed(body)
    return sealing.fields()
