"""One message against the record of its author's domain (RFC 9989 sections 4.4, 4.10.2 and 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from eximia.base.dataclass import dataclass, field
from eximia.dns.answer import Status
from eximia.message.idna import domain_to_alabel

from .discovery import Ask, Discovery, DnsFailure, Finder
from .record import Record

#: the policy one level below
_LOWER = {"reject": "quarantine", "quarantine": "none"}


class Dkim(NamedTuple):
    """One signature: its domain (`d=`), its result, its selector."""

    domain: str
    result: str = "pass"
    selector: str = ""


class Spf(NamedTuple):
    """An SPF result. The scope is `mfrom` or `helo`; only `mfrom` counts, with the HELO name as the domain of a null
    sender."""

    domain: str
    result: str = "pass"
    scope: str = "mfrom"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`result` is `pass`, `fail`, `none` (no record, or no single author's domain) or `temperror`. `policy` is the one
    to apply to a message that fails, with testing or sampling taken into account; `published` as the record has it for
    this domain."""

    result: str
    domain: str
    policy: str = ""
    published: str = ""
    policy_domain: str = ""
    record: Record | None = None
    spf_aligned: bool = False
    dkim_aligned: bool = False
    why: str = ""
    #: the policy was weakened: "policy_test_mode" or "sampled_out"
    override: str = ""
    method: str = "treewalk"
    _finder: Finder | None = field(default=None, compare=False)

    @property
    def organization(self) -> str:
        """The author's organizational domain. It is looked for only when it is asked for. Raises DnsFailure."""
        if self._finder is None:
            return self.domain
        return self._finder.organization(self.domain)


def normal(domain: str) -> str:
    """A domain in A-labels and lower case, without dots at its ends."""
    domain = domain.strip(" \t.")
    if not domain.isascii():
        try:
            domain = domain_to_alabel(domain)
        except Exception:  # noqa: BLE001
            return domain
    return domain.lower()


def evaluate(
    ask: Ask,
    author: str,
    *,
    dkim: Sequence[Dkim] = (),
    spf: Sequence[Spf] = (),
    finder: Finder | None = None,
    sample: Callable[[], float] | None = None,
) -> Verdict:
    """Judge a message by the domain of its From: field. `finder` is the way of discovery (None: the tree walk). With
    `sample` (a function that gives a number from 0 to 1) the tag `pct` of RFC 7489 counts, unless `t` of RFC 9989
    says that the policy is on trial."""
    domain = normal(author)
    finder = finder if finder is not None else Discovery(ask)
    if not domain:
        return Verdict("none", domain, why="no author domain", method=finder.method)
    try:
        return _evaluate(ask, domain, dkim, spf, finder, sample)
    except DnsFailure as failure:
        return Verdict("temperror", domain, why=str(failure), method=finder.method)


def _evaluate(
    ask: Ask,
    domain: str,
    dkim: Sequence[Dkim],
    spf: Sequence[Spf],
    finder: Finder,
    sample: Callable[[], float] | None,
) -> Verdict:
    applied = finder.applied(domain)
    if applied is None or not applied.record.usable:
        why = "no DMARC record" if applied is None else "the DMARC record has no valid policy"
        return Verdict("none", domain, why=why, method=finder.method, _finder=finder)
    record = applied.record
    passed_dkim = [normal(each.domain) for each in dkim if each.result == "pass"]
    passed_spf = [normal(each.domain) for each in spf if each.result == "pass" and each.scope != "helo"]
    # Walks begin at the author's domain, then at SPF's, then at those of signatures (section 4.10.2).
    aligned_spf, unknown_spf = _any_aligned(passed_spf, domain, record.aspf, finder)
    aligned_dkim, unknown_dkim = _any_aligned(passed_dkim, domain, record.adkim, finder)
    unknown = unknown_spf or unknown_dkim
    if unknown is not None and not (aligned_spf or aligned_dkim):
        raise unknown
    subdomain = domain != applied.domain
    exists = True
    if subdomain and record.np is not None:
        exists = ask(domain, "A").status is not Status.NXDOMAIN
    published = policy = record.policy(subdomain=subdomain, exists=exists)
    override = ""
    if record.testing:
        policy, override = _LOWER.get(policy, policy), "policy_test_mode"
    elif sample is not None and record.pct < 100 and sample() * 100 >= record.pct:
        policy, override = _LOWER.get(policy, policy), "sampled_out"
    return Verdict(
        "pass" if aligned_dkim or aligned_spf else "fail",
        domain,
        policy,
        published,
        applied.domain,
        record,
        aligned_spf,
        aligned_dkim,
        override=override if policy != published else "",
        method=finder.method,
        _finder=finder,
    )


def _any_aligned(identifiers: Sequence[str], author: str, mode: str, finder: Finder) -> tuple[bool, DnsFailure | None]:
    """Whether any of the domains is aligned, and what kept the DNS from telling: one that is aligned is enough."""
    unknown: DnsFailure | None = None
    for each in identifiers:
        try:
            if aligned(each, author, mode, finder):
                return True, None
        except DnsFailure as failure:
            unknown = failure
    return False, unknown


def aligned(identifier: str, author: str, mode: str, finder: Finder) -> bool:
    """Whether an authenticated domain and the author's are aligned; `mode` is `r` or `s`. Raises DnsFailure."""
    identifier, author = normal(identifier), normal(author)
    if not identifier or identifier == author:
        return identifier == author and bool(author)
    if mode == "s" or identifier.rpartition(".")[2] != author.rpartition(".")[2]:
        return False
    return finder.organization(author) == finder.organization(identifier)
