"""Finding the record and the organizational domain: the DNS tree walk (RFC 9989 section 4.10), or a list of public
suffixes (RFC 7489 sections 3.2 and 6.6.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from eximia.dns.answer import Answer, Status
from eximia.dns.suffixes import SuffixList

from .record import Record, is_record, parse

#: a question to the DNS: name, type of record
Ask = Callable[[str, str], Answer]

#: the most names that one walk asks for
MOST_QUESTIONS = 8


class DnsFailure(Exception):
    """The DNS gave no answer: nothing can be said of the message now. `name` is what was asked for."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name


class Applied(NamedTuple):
    """The record that applies to a domain, and the domain that published it."""

    domain: str
    record: Record


class Finder(Protocol):
    """A way of discovery. Answers are kept for as long as the object lives: one message."""

    #: as reports call it
    method: str

    def applied(self, domain: str) -> Applied | None:
        """The record that applies to a domain. Raises DnsFailure."""

    def organization(self, domain: str) -> str:
        """The organizational domain. Raises DnsFailure."""


def labels_of(domain: str) -> list[str]:
    return domain.split(".")


class _Records:
    """Records asked for, each once."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[str, Record | None] = {}

    def at(self, domain: str) -> Record | None:
        """Raises DnsFailure."""
        if domain not in self._known:
            name = f"_dmarc.{domain}"
            answer = self._ask(name, "TXT")
            if answer.status is Status.AGAIN:
                raise DnsFailure(name, answer.why)
            texts = [txt.joined.decode("latin-1") for txt in answer.records] if answer.found else []
            found = [text for text in texts if is_record(text)]
            # Several records are as none.
            self._known[domain] = parse(found[0]) if len(found) == 1 else None
        return self._known[domain]


class Discovery:
    """The tree walk."""

    method = "treewalk"

    def __init__(self, ask: Ask) -> None:
        self._records = _Records(ask)

    def walk(self, domain: str, *, above: bool = False) -> list[Applied]:
        """The records on the way up from a domain, or with `above` from what comes after it; they end with the first
        that says what it is (`psd=y` or `psd=n`). Raises DnsFailure."""
        labels = labels_of(domain)
        found: list[Applied] = []
        names = [] if above else [domain]
        # A long name is cut to the seven labels at its end, so that eight questions are enough.
        above_it = labels[1:] if len(labels) < MOST_QUESTIONS else labels[-(MOST_QUESTIONS - 1) :]
        names += [".".join(above_it[start:]) for start in range(len(above_it))]
        for name in names:
            record = self._records.at(name)
            if record is None:
                continue
            found.append(Applied(name, record))
            if record.psd != "u":
                break
        return found

    def organization(self, domain: str) -> str:
        """See `Finder`; section 4.10.2."""
        return organization_of(domain, self.walk(domain))

    def applied(self, domain: str) -> Applied | None:
        """See `Finder`; section 4.10.1."""
        own = self._records.at(domain)
        if own is not None:
            return Applied(domain, own)
        found = self.walk(domain, above=True)
        if not found:
            return None
        organization = organization_of(domain, found)
        for each in found:
            if each.domain == organization:
                return each
        # Only a public suffix has a record.
        last = found[-1]
        return last if last.record.psd == "y" else None


def organization_of(domain: str, found: list[Applied]) -> str:
    """Which of the domains with records is the organizational domain of `domain`, where the walk began."""
    for each in found:
        if each.record.psd == "n":
            return each.domain
        if each.record.psd == "y" and each.domain != domain:
            labels = labels_of(domain)
            return ".".join(labels[-(len(labels_of(each.domain)) + 1) :])
    return found[-1].domain if found else domain


class SuffixDiscovery:
    """The method of RFC 7489: the record of the domain itself, or of the one that was registered."""

    method = "psl"

    def __init__(self, ask: Ask, suffixes: SuffixList) -> None:
        self._records = _Records(ask)
        self._suffixes = suffixes

    def organization(self, domain: str) -> str:
        """See `Finder`."""
        return self._suffixes.registrable(domain) or domain

    def applied(self, domain: str) -> Applied | None:
        """See `Finder`."""
        for name in dict.fromkeys((domain, self.organization(domain))):
            record = self._records.at(name)
            if record is not None:
                return Applied(name, record)
        return None
