"""What a response means for the question asked (RFC 1034 4.3.2, RFC 2308 for negative answers, RFC 6672 aside).

CNAMEs are followed inside one response; when a chain leaves the response, `unfinished` names where to ask next.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from eximia.base.dataclass import dataclass

from .records import Name, Soa, Type
from .wire import Rcode, Response


class Status(Enum):
    """The kinds of outcome that policy tells apart."""

    FOUND = "found"
    NODATA = "no data"  #: the name exists, but has no record of the type
    NXDOMAIN = "no such domain"
    AGAIN = "try again"  #: no answer, SERVFAIL, REFUSED, malformed
    FAIL = "failed"  #: will not get better: the name cannot be asked


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, the records of the asked type (typed values, see `dns.records`), and what DNSSEC says.

    `name` is the name at the end of the CNAME chain; `secure` is the AD bit of a trusted resolver; `ttl` seconds for
    which the answer may be kept; `why` the reason of AGAIN and FAIL. `authority` is the owner of the first NS record
    (SOA when the answer section is empty) of the authority section when the response has the AA bit (`dns_trust_aa`).
    """

    status: Status
    records: tuple[Any, ...] = ()
    name: str = ""
    secure: bool = False
    ttl: int = 0
    why: str = ""
    authority: str = ""

    @property
    def found(self) -> bool:
        return self.status is Status.FOUND

    @property
    def missing(self) -> bool:
        """There is certainly no such record."""
        return self.status is not Status.FOUND and self.status is not Status.AGAIN


#: How long a negative answer without an SOA record may be kept, and the most for any.
NEGATIVE_TTL = 60
MAX_NEGATIVE_TTL = 3600
MAX_TTL = 86400
_MAX_CHAIN = 16
#: the reason of AGAIN when CNAMEs do not come to an end
CNAME_LOOP = "CNAME chain is too long or loops"

_RCODE_WORDS: dict[int, str] = {
    Rcode.FORMERR: "FORMERR",
    Rcode.SERVFAIL: "SERVFAIL",
    Rcode.NOTIMP: "NOTIMP",
    Rcode.REFUSED: "REFUSED",
}


def again(name: str, why: str) -> Answer:
    """The answer for a question that got none."""
    return Answer(Status.AGAIN, name=name, why=why)


def nonexistent(name: str) -> Answer:
    """The answer for a name that must not be asked."""
    return Answer(Status.NXDOMAIN, name=name)


def _negative_ttl(response: Response) -> int:
    for record in response.authority:
        if record.type == Type.SOA and isinstance(record.content, Soa):
            return min(record.ttl, record.content.minimum, MAX_NEGATIVE_TTL)
    return NEGATIVE_TTL


def _authority(response: Response) -> str:
    if not response.authoritative:
        return ""
    wanted = Type.NS if response.answers else Type.SOA
    for record in response.authority:
        if record.type == wanted:
            return record.name
    return ""


def judge(response: Response, name: str, type_: int, *, seen: int = 0) -> tuple[Answer, str]:
    """(answer, unfinished): `unfinished` is the name to ask next when a CNAME leads out of the response, else empty.

    `seen` counts the CNAMEs of earlier responses of the same chain.
    """
    current = name.lower().removesuffix(".")
    if response.rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN):
        return again(current, f"response code {_RCODE_WORDS.get(response.rcode, response.rcode)}"), ""
    authority = _authority(response)
    aliases: dict[str, str] = {}
    ttl = MAX_TTL
    chain = response.answers
    if type_ != Type.CNAME:
        for record in chain:
            if record.type == Type.CNAME and isinstance(record.content, Name):
                aliases.setdefault(record.name, record.content.target.lower())
                ttl = min(ttl, record.ttl)
        steps = seen
        while current in aliases:
            steps += 1
            if steps > _MAX_CHAIN:
                return again(current, CNAME_LOOP), ""
            current = aliases[current]
    found = [record for record in chain if record.type == type_ and record.name == current]
    secure = response.authentic
    if found:
        ttl = min(ttl, *(record.ttl for record in found))
        records = tuple(record.content for record in found)
        return Answer(Status.FOUND, records, current, secure, ttl, "", authority), ""
    if response.malformed:
        return Answer(Status.AGAIN, (), current, why="broken record in the DNS response", authority=authority), ""
    if response.rcode == Rcode.NXDOMAIN:
        return Answer(Status.NXDOMAIN, (), current, secure, _negative_ttl(response), "", authority), ""
    if aliases and not response.authority:
        return Answer(Status.NODATA, (), current, secure, ttl, "", authority), current
    ttl = min(ttl, _negative_ttl(response))
    return Answer(Status.NODATA, (), current, secure, ttl, "", authority), ""
