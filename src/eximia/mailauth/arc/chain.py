"""The ARC sets of a message: which fields make them up, and whether they are complete (RFC 8617 sections 4 and 5.2).

Nothing here asks the DNS or looks at the body.
"""

from __future__ import annotations

from eximia.base.dataclass import dataclass, field
from eximia.mailauth.dkim.signature import Signature, is_domain, read
from eximia.mailauth.fields import Fields
from eximia.mailauth.tags import decimal

#: the most sets (RFC 8617 section 4.2.1)
MOST_SETS = 50
AAR = b"arc-authentication-results"
AMS = b"arc-message-signature"
AS = b"arc-seal"
_HOW = {AAR: "AAR", AMS: "AMS", AS: "AS"}
_CV = (b"none", b"pass", b"fail")


@dataclass(slots=True)
class ArcSet:
    """One set. The numbers are places among the message's fields, -1 when a field is missing."""

    instance: int
    results: int = -1
    message_signature: int = -1
    seal: int = -1
    #: the two parsed, with what is wrong with them ("": nothing)
    ams: Signature = field(default_factory=Signature)
    ams_error: str = ""
    sealed: Signature = field(default_factory=Signature)
    seal_error: str = ""
    #: cv= of the seal
    cv: str = ""


@dataclass(slots=True)
class Chain:
    """All sets, by instance, oldest first. `error`: why the chain is broken as a structure, "" when it is not."""

    sets: list[ArcSet] = field(default_factory=list)
    error: str = ""

    @property
    def highest(self) -> int:
        """The highest instance, 0 without sets."""
        return self.sets[-1].instance if self.sets else 0

    @property
    def domains(self) -> list[str]:
        """The domains of the seals, oldest first; "" where there is none."""
        return [each.sealed.domain for each in self.sets]


def instance_of(value: bytes) -> int:
    """The number of `i=`, which is the first tag of an AAR and any tag of the others; 0 when there is none."""
    for part in value.split(b";"):
        name, equals, number = part.partition(b"=")
        if equals and name.strip() == b"i":
            return decimal(number.strip(), 3) or 0
    return 0


def without_comments(text: bytes) -> bytes:
    """`text` without (nested) comments."""
    kept = bytearray()
    depth = 0
    for byte in text:
        if byte == 0x28:
            depth += 1
        elif byte == 0x29 and depth:
            depth -= 1
        elif not depth:
            kept.append(byte)
    return bytes(kept)


def read_chain(fields: Fields) -> Chain:
    """Collect the sets and check their form."""
    chain = Chain()
    sets: dict[int, ArcSet] = {}
    for name in (AAR, AMS, AS):
        places = fields.named(name)
        if len(places) > MOST_SETS:
            chain.error = chain.error or f"(too many {_HOW[name]})"
            places = places[:MOST_SETS]
        for place in places:
            value = fields.all[place].partition(b":")[2]
            instance = instance_of(without_comments(value.partition(b";")[0]) if name == AAR else value)
            if not 0 < instance <= MOST_SETS:
                chain.error = chain.error or f"({_HOW[name]} with bad instance)"
                continue
            one = sets.get(instance)
            if one is None:
                one = sets[instance] = ArcSet(instance)
            if not _put(one, name, place, value):
                chain.error = chain.error or f"(i={instance}: {_HOW[name]} given twice)"
    chain.sets = [sets[instance] for instance in sorted(sets)]
    for number, one in enumerate(chain.sets, 1):
        if one.instance != number:
            chain.error = chain.error or f"(i={number}: missing)"
            break
        chain.error = chain.error or _form(one, fields)
    return chain


def _put(one: ArcSet, name: bytes, place: int, value: bytes) -> bool:
    """Put a field into its set; False when there is one already."""
    if name == AAR:
        free = one.results < 0
        one.results = place if free else one.results
    elif name == AMS:
        free = one.message_signature < 0
        if free:
            one.message_signature = place
            one.ams, one.ams_error = read(value, ("i", "a", "b", "bh", "d", "h", "s"))
    else:
        free = one.seal < 0
        if free:
            one.seal = place
            one.sealed, one.seal_error = read(value, ("i", "a", "b", "cv", "d", "s"))
            one.cv = one.sealed.tags.get("cv", b"").decode("latin-1")
    return free


def _form(one: ArcSet, fields: Fields) -> str:
    """What is wrong with a set, "" for nothing."""
    where = f"i={one.instance}"
    for place, name in ((one.results, AAR), (one.message_signature, AMS), (one.seal, AS)):
        if place < 0:
            return f"({where}: {_HOW[name]} missing)"
    if one.seal_error:
        return f"({where}: AS: {one.seal_error})"
    if one.ams_error:
        return f"({where}: AMS: {one.ams_error})"
    if "h" in one.sealed.tags:
        return f"({where}: AS with h=)"
    if AS in one.ams.headers:
        return f"({where}: AMS signs ARC-Seal)"
    if one.cv.encode("latin-1") not in _CV:
        return f"({where}: unknown cv)"
    if one.cv == "fail":
        return f"({where}: cv fail)"
    if (one.cv == "none") is not (one.instance == 1):
        return f"({where}: cv {one.cv})"
    if not is_domain(one.sealed.domain):
        return f"({where}: AS without domain)"
    return ""
