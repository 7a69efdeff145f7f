"""The function check_host() of RFC 7208 section 4, with the limits of section 4.6.4: ten terms that ask the DNS, ten
hosts for each `mx` and `ptr`, two terms whose questions have no answer.

Where several questions have to be asked anyway (the hosts of `mx`, the names of `ptr`, the next terms of a record),
they are asked side by side if the caller gives `ask_all`; what an answer means never depends on that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from eximia.base.dataclass import replace
from eximia.dns.answer import Answer, Status
from eximia.dns.names import reverse_name
from eximia.message.idna import IdnaError, domain_to_alabel

from .macros import Asked, MacroError, MacroString, Values, parsed_address
from .macros import parse as parse_macros
from .terms import Mechanism, Record, RecordError, is_record, parse

MOST_LOOKUPS = 10
MOST_HOSTS = 10
MOST_VOID = 2
#: how much of an explanation goes into a reply
LONGEST_EXPLANATION = 500

#: a question to the DNS: name, type of record
Ask = Callable[[str, str], Answer]
#: several questions at once; the answers are in their order
AskAll = Callable[[Sequence[tuple[str, str]]], Sequence[Answer]]

_TOO_DEEP = "include: or redirect= caused unlimited recurs"
_ASKING = frozenset({"include", "a", "mx", "ptr", "exists"})


class Verdict(NamedTuple):
    """`result` is a word of the RFC; `why` says what an error is; `default`: no mechanism matched. `explanation` is
    what the domain says of a fail (empty when it says nothing usable), `mechanism` the term that matched, `domain`
    the one whose record it is in."""

    result: str
    why: str = ""
    default: bool = False
    explanation: str = ""
    mechanism: str = ""
    domain: str = ""


class _End(Exception):
    """The check ends with an error."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.result)
        self.verdict = verdict


@lru_cache(maxsize=4096)
def valid_domain(domain: str) -> bool:
    """Whether a domain can have a record (section 4.3): several labels, none of them empty or too long."""
    labels = domain.removesuffix(".").split(".")
    return len(labels) > 1 and len(domain) <= 254 and all(0 < len(label) < 64 for label in labels)


@lru_cache(maxsize=4096)
def askable(name: str) -> bool:
    """Whether a name that macros made can be asked for. With characters outside ASCII, which only a local part can
    have brought in, a term never matches (RFC 8616 section 4)."""
    return name.isascii() and all(0 < len(label) < 64 for label in name.removesuffix(".").split("."))


def _ascii(domain: str) -> str:
    """A domain with its U-labels as A-labels (RFC 8616 section 4)."""
    if domain.isascii():
        return domain
    try:
        return domain_to_alabel(domain)
    except IdnaError:
        return domain


def check_host(
    ask: Ask, asked: Asked, domain: str, record: str = "", *, ask_all: AskAll | None = None, explain: bool = True
) -> Verdict:
    """What SPF says of the host. With `record`, that one is taken for the domain's, and as it is our own it may ask in
    vain as often as it likes. Without `explain`, the text
    that the domain has for a fail is not asked for. Raises ValueError when `asked.address` is no address."""
    local_part, _, rest = asked.sender.rpartition("@")
    if not local_part:
        # Section 4.3: without a local part it is "postmaster".
        asked = replace(asked, sender=f"postmaster@{rest or domain}")
    if not (asked.sender.isascii() and asked.helo.isascii() and domain.isascii()):
        local_part, _, rest = asked.sender.rpartition("@")
        asked = replace(asked, sender=f"{local_part}@{_ascii(rest)}", helo=_ascii(asked.helo))
        domain = _ascii(domain)
    check = _Check(ask, ask_all, asked, most_void=MOST_LOOKUPS if record else MOST_VOID)
    try:
        verdict = check.of(domain, record)
        if explain and verdict.result == "fail":
            return verdict._replace(explanation=check.explanation())
        return verdict
    except _End as end:
        return end.verdict


class _Check:
    """One check, with the numbers of questions that it may still ask."""

    def __init__(self, ask: Ask, ask_all: AskAll | None, asked: Asked, *, most_void: int) -> None:
        self._dns = ask
        self._dns_all = ask_all
        self._values = Values(asked, self._validated_name)
        address = self._values.address
        self._version = address.version
        self._number = int(address)
        self._lookups = 0
        self._void = 0
        self._most_void = most_void
        self._early: dict[tuple[str, str], Answer] = {}
        self._exp: MacroString | None = None
        self._exp_domain = ""

    def of(self, domain: str, record: str = "") -> Verdict:
        """Check one domain; called again for include and redirect. Raises _End."""
        text = record or self._record(domain)
        if not text:
            return Verdict("none", "Could not find a valid SPF record")
        try:
            parsed = parse(text)
        except RecordError as error:
            raise _End(Verdict("permerror", f"Syntax error: {error}", domain=domain)) from error
        early = self._dns_all is not None
        for position, mechanism in enumerate(parsed.mechanisms):
            if mechanism.version:
                if mechanism.version != self._version or self._number >> mechanism.shift != mechanism.network:
                    continue
            elif early and mechanism.name in _ASKING:
                early = False
                self._ask_early(parsed, position, domain)
            if mechanism.version or self._matches(mechanism, domain):
                self._exp, self._exp_domain = parsed.exp, domain
                return Verdict(mechanism.result, mechanism=mechanism.text, domain=domain)
        if parsed.redirect is not None:
            self._count(_TOO_DEEP)
            target = self._values.domain(parsed.redirect, domain)
            verdict = self.of(target)
            if verdict.result == "none":
                # Raised, so that a record that includes this one ends with it, too (sections 5.2 and 6.1).
                raise _End(Verdict("permerror", verdict.why, domain=target))
            return verdict
        return Verdict("neutral", default=True, domain=domain)

    def explanation(self) -> str:
        """The text of the `exp` modifier of the record that decided; empty when there is none or it cannot be used."""
        if self._exp is None:
            return ""
        answer = self._dns(self._values.domain(self._exp, self._exp_domain), "TXT")
        if not answer.found or len(answer.records) != 1:
            return ""
        try:
            made = parse_macros(answer.records[0].joined.decode("latin-1"), explanation=True)
        except MacroError:
            return ""
        text = self._values.expand(made, self._exp_domain, explanation=True)[:LONGEST_EXPLANATION]
        # It was written by others, and what macros stand for by yet others: nothing but printing ASCII goes on.
        return "".join(char if " " <= char <= "~" else "?" for char in text)

    def _record(self, domain: str) -> str:
        if not valid_domain(domain):
            return ""
        answer = self._answer(domain, "TXT")
        if not answer.found:
            return ""
        records = [text for txt in answer.records if is_record(text := txt.joined.decode("latin-1"))]
        if len(records) > 1:
            raise _End(Verdict("permerror", "Multiple SPF or TXT records for domain.", domain=domain))
        return records[0] if records else ""

    def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        name = mechanism.name
        if name == "all":
            return True
        self._count(_TOO_DEEP if name == "include" else "too many DNS lookups")
        target = domain if mechanism.domain is None else self._values.domain(mechanism.domain, domain)
        if not target.isascii() or (name != "include" and not askable(target)):
            return False
        match name:
            case "include":
                verdict = self.of(target)
                if verdict.result == "none":
                    raise _End(Verdict("permerror", verdict.why, domain=target))
                return verdict.result == "pass"
            case "a":
                answer = self._answer(target, "A" if self._version == 4 else "AAAA")
                self._note_void(answer)
                return self._is_among(answer, mechanism)
            case "mx":
                return self._is_exchange(target, mechanism)
            case "exists":
                answer = self._answer(target, "A")
                self._note_void(answer)
                return answer.found
        return self._has_name(target)

    def _is_exchange(self, target: str, mechanism: Mechanism) -> bool:
        answer = self._answer(target, "MX")
        self._note_void(answer)
        if not answer.found:
            return False
        if len(answer.records) > MOST_HOSTS:
            raise _End(Verdict("permerror", "too many MX records", domain=target))
        rtype = "A" if self._version == 4 else "AAAA"
        questions = [(mx.exchange, rtype) for mx in answer.records if mx.exchange.strip(".")]
        for each in self._answers(questions):
            if each.status is Status.AGAIN:
                raise _End(Verdict("temperror", each.why))
            if self._is_among(each, mechanism):
                return True
        return False

    def _is_among(self, answer: Answer, mechanism: Mechanism) -> bool:
        """Whether an address of the answer and the client's have the same first bits."""
        if not answer.found:
            return False
        bits = 32 - mechanism.prefix4 if self._version == 4 else 128 - mechanism.prefix6
        wanted = self._number >> bits
        return any(_number(one) >> bits == wanted for one in answer.records)

    def _has_name(self, domain: str) -> bool:
        """The mechanism `ptr`: a name of the client, confirmed by its addresses, lies in the domain."""
        domain = domain.lower()
        ending = f".{domain}"
        names = [name for name in self._names(void=True) if name == domain or name.endswith(ending)]
        return any(self._confirmed(names))

    def _names(self, *, void: bool = False) -> list[str]:
        reverse = reverse_name(str(self._values.address))
        if reverse is None:
            return []
        answer = self._dns(reverse, "PTR")
        if void and answer.missing:
            self._note_void(answer)
        found: tuple[Any, ...] = answer.records if answer.found else ()
        return [each.target.rstrip(".").lower() for each in found[:MOST_HOSTS]]

    def _confirmed(self, names: list[str]) -> list[str]:
        """The names that have the client's address. A question that fails leaves its name out (section 5.5)."""
        rtype = "A" if self._version == 4 else "AAAA"
        answers = self._answers([(name, rtype) for name in names])
        return [
            name
            for name, answer in zip(names, answers, strict=True)
            if answer.found and any(_number(one) == self._number for one in answer.records)
        ]

    def _validated_name(self, domain: str) -> str:
        """`%{p}`: the domain itself if it is a name of the client, else a name in it, else any (section 7.3)."""
        domain = domain.lower()
        names = self._names()
        names.sort(key=lambda name: 0 if name == domain else 1 if name.endswith(f".{domain}") else 2)
        for name in names:
            if self._confirmed([name]):
                return name
        return ""

    def _ask_early(self, record: Record, position: int, domain: str) -> None:
        """Ask what the next terms of the record need, side by side, up to one that ends it in any case."""
        questions: list[tuple[str, str]] = []
        for mechanism in record.mechanisms[position : position + MOST_LOOKUPS - self._lookups]:
            if mechanism.name == "all":
                break
            if mechanism.domain is not None and not mechanism.domain.constant:
                continue
            target = domain if mechanism.domain is None else self._values.domain(mechanism.domain, domain)
            if mechanism.name == "include" and valid_domain(target):
                questions.append((target, "TXT"))
            elif mechanism.name == "a":
                questions.append((target, "A" if self._version == 4 else "AAAA"))
            elif mechanism.name == "mx":
                questions.append((target, "MX"))
        if len(questions) > 1 and self._dns_all is not None:
            self._early.update(zip(questions, self._dns_all(questions), strict=True))

    def _answers(self, questions: list[tuple[str, str]]) -> Iterable[Answer]:
        if self._dns_all is not None and len(questions) > 1:
            return self._dns_all(questions)
        return (self._dns(name, rtype) for name, rtype in questions)

    def _answer(self, name: str, rtype: str) -> Answer:
        answer = self._early.get((name, rtype)) or self._dns(name, rtype)
        if answer.status is Status.AGAIN:
            raise _End(Verdict("temperror", answer.why))
        return answer

    def _count(self, what: str) -> None:
        self._lookups += 1
        if self._lookups > MOST_LOOKUPS:
            raise _End(Verdict("permerror", what))

    def _note_void(self, answer: Answer) -> None:
        if answer.found:
            return
        self._void += 1
        if self._void > self._most_void:
            raise _End(Verdict("permerror", "too many DNS lookups without an answer"))


def _number(record: Any) -> int:
    """An address record's address as a number."""
    return int(parsed_address(record.address))
