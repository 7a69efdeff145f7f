"""All mechanisms over one message at once: what `eximia auth` shows, and the short way in for a script.

    from eximia.mailauth.authentication import Envelope, authenticate
    found = authenticate(message_bytes, Envelope("192.0.2.1", "mail.example.com", "user@example.com"), ask)
    found.dmarc.result
    print(found.field("mx.example.org"))

`ask(name, rtype)` answers with an `eximia.dns.answer.Answer`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from eximia.base.dataclass import dataclass
from eximia.dns.answer import Answer, Status
from eximia.dns.names import reverse_name
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address

from .arc.verify import ArcResult
from .arc.verify import Verification as ArcVerification
from .authres import Result, field
from .dkim.policy import DEFAULT, Policy
from .dkim.result import DkimResult
from .dkim.verify import Verification as DkimVerification
from .dmarc import Dkim, Spf, Verdict, evaluate
from .dmarc.discovery import Finder
from .dmarc.evaluation import normal
from .domainkeys.verify import DomainKeysResult
from .domainkeys.verify import Verification as DomainKeysVerification
from .fields import Fields, split_message
from .spf import Asked, check_host
from .spf import Verdict as SpfVerdict
from .txt import asking

Ask = Callable[[str, str], Answer]

_MOST_NAMES = 10


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a message besides its text."""

    address: str
    helo: str = ""
    mail_from: str = ""
    receiver: str = ""


@dataclass(frozen=True, slots=True)
class Reverse:
    """The client's address against the DNS (`iprev`): `pass` with a name that leads back to it."""

    result: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """What each mechanism found. `spf` is of the sender's domain (or HELO's for a null sender), `spf_helo` of HELO's.
    SPF and `iprev` are None without an envelope."""

    envelope: Envelope | None
    iprev: Reverse | None
    spf: SpfVerdict | None
    spf_helo: SpfVerdict | None
    dkim: Sequence[DkimResult]
    domainkeys: DomainKeysResult | None
    author: str
    dmarc: Verdict
    arc: ArcResult

    def results(self) -> list[Result]:
        """The same as results of Authentication-Results."""
        made: list[Result] = []
        envelope = self.envelope
        if envelope is not None:
            if self.iprev is not None:
                address = {"policy.iprev": envelope.address}
                made.append(Result("iprev", self.iprev.result, properties=address, comment=self.iprev.name))
            if self.spf is not None:
                sender = {"smtp.mailfrom": envelope.mail_from} if envelope.mail_from else {"smtp.helo": envelope.helo}
                made.append(Result("spf", self.spf.result, properties=sender))
            if self.spf_helo is not None and envelope.mail_from:
                made.append(Result("spf", self.spf_helo.result, properties={"smtp.helo": envelope.helo}))
        if self.domainkeys is not None and self.domainkeys.signed:
            domain = {"header.d": self.domainkeys.domain}
            made.append(Result("domainkeys", self.domainkeys.result, properties=domain))
        for one in self.dkim:
            properties = {"header.d": one.domain, "header.s": one.selector, "header.a": one.algorithm}
            made.append(Result("dkim", one.status, properties=properties, comment=one.detail))
        dmarc = {"header.from": self.author} if self.author else {}
        made.append(Result("dmarc", self.dmarc.result, properties=dmarc, comment=_policy(self.dmarc)))
        if self.arc.state != "none":
            made.append(Result("arc", self.arc.state, comment=f"i={self.arc.instance}", reason=self.arc.reason or None))
        return made

    def field(self, authserv_id: str) -> str:
        """The whole header field, without its final newline."""
        return field(authserv_id, self.results())


def _policy(verdict: Verdict) -> str:
    return f"p={verdict.published}" if verdict.published else ""


def author_domain(fields: Fields) -> str:
    """The domain of the one From: field; empty when there are several fields or domains, or none."""
    places = fields.named(b"from")
    if len(places) != 1:
        return ""
    text = fields.all[places[0]].partition(b":")[2].decode("latin-1")
    domains: set[str] = set()
    for start, end in addresses_in(text):
        try:
            domains.add(normal(parse_address(text[start:end].strip()).domain))
        except AddressSyntaxError:
            return ""
    return domains.pop() if len(domains) == 1 else ""


def reverse(ask: Ask, address: str) -> Reverse:
    """RFC 8601 section 2.7.3."""
    name = reverse_name(address)
    if name is None:
        return Reverse("permerror")
    answer = ask(name, "PTR")
    if answer.status is Status.AGAIN:
        return Reverse("temperror")
    rtype = "AAAA" if ":" in address else "A"
    later = False
    for each in answer.records[:_MOST_NAMES] if answer.found else ():
        found = ask(each.target, rtype)
        later = later or found.status is Status.AGAIN
        if found.found and any(reverse_name(one.address) == name for one in found.records):
            return Reverse("pass", each.target)
    return Reverse("temperror" if later else "fail")


def authenticate(
    message: bytes,
    envelope: Envelope | None,
    ask: Ask,
    *,
    now: float | None = None,
    policy: Policy = DEFAULT,
    finder: Finder | None = None,
) -> Authenticated:
    """Check everything. Raises ValueError when the envelope's address is no IP address."""
    moment = time.time() if now is None else now
    lines, body = split_message(message)
    fields = Fields(lines)
    txt = asking(ask)
    dkim = DkimVerification(fields, policy)
    if dkim.needs_body:
        dkim.feed(body)
    dkim_results = list(dkim.results(txt, moment))
    domainkeys: DomainKeysResult | None = None
    if fields.named(b"domainkey-signature"):
        old = DomainKeysVerification(fields)
        old.feed(body)
        domainkeys = old.result(txt)
    arc = ArcVerification(fields, policy, dkim.bodies)
    if arc.needs_body:
        arc.feed(body)
    spf = spf_helo = iprev = None
    identities: list[Spf] = []
    if envelope is not None:
        iprev = reverse(ask, envelope.address)
        sender = envelope.mail_from or f"postmaster@{envelope.helo}"
        domain = sender.rpartition("@")[2]
        asked = Asked(envelope.address, sender, envelope.helo, envelope.receiver, int(moment))
        spf = check_host(ask, asked, domain)
        identities.append(Spf(domain, spf.result))
        if envelope.helo:
            own = Asked(envelope.address, f"postmaster@{envelope.helo}", envelope.helo, envelope.receiver, int(moment))
            spf_helo = check_host(ask, own, envelope.helo) if envelope.mail_from else spf
    author = author_domain(fields)
    signatures = [Dkim(one.domain, one.status, one.selector) for one in dkim_results]
    verdict = evaluate(ask, author, dkim=signatures, spf=identities, finder=finder)
    return Authenticated(envelope, iprev, spf, spf_helo, dkim_results, domainkeys, author, verdict, arc.result(txt))
