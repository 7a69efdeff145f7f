"""The function check_host() of RFC 7208 section 4. There is no separate limit for questions without an answer (section
4.6.4), as in libspf2."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any, NamedTuple

from eximia.dns.answer import Answer, Status
from eximia.dns.names import reverse_name

from .macros import Asked, MacroError, expand_domain
from .terms import Mechanism, Record, RecordError, is_record, parse

_MOST_LOOKUPS = 10
_MOST_HOSTS = 10


#: a question to the DNS: name, type of record
Ask = Callable[[str, str], Answer]


class Verdict(NamedTuple):
    """`result` is a word of the RFC; `why` says what an error is; `default`: no mechanism matched."""

    result: str
    why: str = ""
    default: bool = False


class _End(Exception):
    """The check ends with an error."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.result)
        self.verdict = verdict


def check_host(ask: Ask, asked: Asked, domain: str, record: str = "") -> Verdict:
    """What SPF says of the host. With `record`, that one is taken for the domain's."""
    try:
        return _Check(ask, asked).of(domain, record)
    except _End as end:
        return end.verdict


class _Check:
    """One check, with the numbers of questions that it may still ask."""

    def __init__(self, ask: Ask, asked: Asked) -> None:
        self._dns = ask
        self._asked = asked
        self._address = ipaddress.ip_address(asked.address)
        self._lookups = 0

    def of(self, domain: str, record: str = "") -> Verdict:
        """Check one domain; called again for include and redirect. Raises _End."""
        text = record or self._record(domain)
        if not text:
            return Verdict("none", "Could not find a valid SPF record")
        try:
            parsed: Record = parse(text)
            for mechanism in parsed.mechanisms:
                if self._matches(mechanism, domain):
                    return Verdict(mechanism.result)
            if parsed.redirect and not any(one.name == "all" for one in parsed.mechanisms):
                self._count("include: or redirect= caused unlimited recurs")
                verdict = self.of(expand_domain(parsed.redirect, self._asked, domain))
                return verdict._replace(result="permerror") if verdict.result == "none" else verdict
        except RecordError as error:
            raise _End(Verdict("permerror", f"Syntax error: {error}")) from error
        except MacroError as error:
            raise _End(Verdict("permerror", f"Invalid macro: {error}")) from error
        return Verdict("neutral", default=True)

    def _record(self, domain: str) -> str:
        if not domain or "." not in domain.rstrip("."):
            return ""
        texts = [txt.joined.decode("latin-1") for txt in self._ask(domain, "TXT")]
        records = [text for text in texts if is_record(text)]
        if len(records) > 1:
            raise _End(Verdict("permerror", "Multiple SPF or TXT records for domain."))
        return records[0] if records else ""

    def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        name = mechanism.name
        if name == "all":
            return True
        if mechanism.network is not None:
            return self._address.version == mechanism.network.version and self._address in mechanism.network
        self._count("include: or redirect= caused unlimited recurs" if name == "include" else "too many DNS lookups")
        target = expand_domain(mechanism.text, self._asked, domain) if mechanism.text else domain
        if name == "include":
            verdict = self.of(target)
            if verdict.result == "none":
                raise _End(Verdict("permerror", verdict.why))
            return verdict.result == "pass"
        if name == "a":
            return self._is_host(target, mechanism)
        if name == "mx":
            exchanges = self._ask(target, "MX")
            if len(exchanges) > _MOST_HOSTS:
                raise _End(Verdict("permerror", "too many MX records"))
            return any(self._is_host(mx.exchange, mechanism) for mx in exchanges)
        if name == "exists":
            return bool(self._ask(target, "A"))
        return self._has_name(target)

    def _is_host(self, name: str, mechanism: Mechanism) -> bool:
        four = self._address.version == 4
        prefix = mechanism.prefix4 if four else mechanism.prefix6
        network = ipaddress.ip_network(f"{self._address}/{prefix}", strict=False)
        found = self._ask(name, "A" if four else "AAAA")
        return any(ipaddress.ip_address(one.address) in network for one in found)

    def _has_name(self, domain: str) -> bool:
        """The mechanism ptr: a name of the host, confirmed by its addresses, lies in the domain."""
        reverse = reverse_name(self._asked.address)
        if reverse is None:
            return False
        answer = self._dns(reverse, "PTR")
        domain = domain.lower()
        rtype = "A" if self._address.version == 4 else "AAAA"
        for name in [each.target.rstrip(".").lower() for each in answer.records[:_MOST_HOSTS]]:
            if name != domain and not name.endswith(f".{domain}"):
                continue
            addresses = self._dns(name, rtype).records
            if any(ipaddress.ip_address(each.address) == self._address for each in addresses):
                return True
        return False

    def _ask(self, name: str, rtype: str) -> tuple[Any, ...]:
        answer: Answer = self._dns(name, rtype)
        if answer.status is Status.AGAIN:
            raise _End(Verdict("temperror"))
        return answer.records if answer.found else ()

    def _count(self, what: str) -> None:
        self._lookups += 1
        if self._lookups > _MOST_LOOKUPS:
            raise _End(Verdict("permerror", what))
