"""The condition `dmarc_status`'s check: made once a message, when it is first asked for."""

from __future__ import annotations

from functools import partial
from random import random

from eximia.acl.signatures.dkim import verdicts
from eximia.base.dataclass import dataclass
from eximia.base.text import Untainted
from eximia.context import Context
from eximia.dns.lookup import lookup
from eximia.dns.suffixes import SuffixList, installed_list
from eximia.lookups.kept import kept_file
from eximia.lookups.types import OpenFailure
from eximia.mailauth.dmarc import Discovery, Dkim, Spf, SuffixDiscovery, Verdict, evaluate
from eximia.mailauth.dmarc.discovery import Finder
from eximia.mailauth.dmarc.evaluation import normal
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address
from eximia.message.authres import pvalue

NOTE = "dmarc"
#: what each status is called in `$dmarc_status_text` and in the log
TEXTS = {
    "accept": "Accept",
    "reject": "Reject",
    "quarantine": "Quarantine",
    "none": "None",
    "norecord": "No DMARC record",
    "nofrom": "No From: domain found",
    "temperror": "DNS error",
    "off": "DMARC is disabled",
}
_RESULTS = {"norecord": "none", "nofrom": "permerror", "temperror": "temperror"}


@dataclass(slots=True)
class Checked:
    """What was found, for `settle`."""

    status: str
    verdict: Verdict
    spf: Spf
    dkim: list[Dkim]


def check_dmarc(ctx: Context) -> str:
    """The status's word. Sets the variables, and what Authentication-Results and the arrival's log line say."""
    known: Checked | None = ctx.message.notes.get(NOTE)
    if known is not None:
        return known.status
    spf, dkim = _spf(ctx), _dkim(ctx)
    session = ctx.session
    if ctx.message.dmarc_disable_verify or not session.sender_host_address or session.sender_host_authenticated:
        checked = Checked("off", Verdict("none", ""), spf, dkim)
    else:
        checked = _check(ctx, spf, dkim)
    ctx.message.notes[NOTE] = checked
    _note(ctx, checked)
    return checked.status


def _check(ctx: Context, spf: Spf, dkim: list[Dkim]) -> Checked:
    author = author_domain(ctx)
    if not author:
        return Checked("nofrom", Verdict("none", ""), spf, dkim)
    verdict = evaluate(
        partial(lookup, ctx),
        author,
        dkim=dkim,
        spf=[spf] if spf.result else [],
        finder=finder_of(ctx),
        sample=random,
    )
    if verdict.result == "pass":
        status = "accept"
    elif verdict.result == "fail":
        status = verdict.policy
    else:
        status = "norecord" if verdict.result == "none" else "temperror"
    return Checked(status, verdict, spf, dkim)


def finder_of(ctx: Context) -> Finder:
    """The way of discovery that the configuration asks for: a list of public suffixes where it names one."""
    ask, main = partial(lookup, ctx), ctx.process.main
    if main.dmarc_rfc7489 or main.dmarc_tld_file is not None:
        return SuffixDiscovery(ask, _suffixes(ctx))
    return Discovery(ask)


def _suffixes(ctx: Context) -> SuffixList:
    """The list of `dmarc_tld_file`; the installed library's without one that can be read."""
    path = ctx.process.main.dmarc_tld_file
    if path:
        try:
            return kept_file(ctx, "psl", str(path), "for dmarc_tld_file", SuffixList)
        except OpenFailure as failure:
            ctx.process.log.panic(failure.message, ctx.message.id)
    return installed_list()


def author_domain(ctx: Context) -> str:
    """The domain of From:; empty when there is no such header line, more than one, or more than one domain."""
    lines = [header for header in ctx.message.headers if header.name == "from" and not header.deleted]
    if len(lines) != 1:
        return ""
    text = lines[0].body
    domains: set[str] = set()
    for start, end in addresses_in(text):
        try:
            domains.add(normal(parse_address(text[start:end]).domain))
        except AddressSyntaxError:
            return ""
        if len(domains) > 1:
            return ""
    return domains.pop() if domains else ""


def _spf(ctx: Context) -> Spf:
    told = ctx.message.auth_results
    result = str(told.get("spf_result", ""))
    if result == "(invalid)" or ctx.message.variables.get("spf_result_guessed") == "yes":
        # A guess is no statement of the domain.
        result = "none"
    return Spf(str(told.get("spf_domain", "")), result)


def _dkim(ctx: Context) -> list[Dkim]:
    return [
        Dkim(
            each.domain,
            "pass" if each.passed else each.result.status if each.result is not None else "neutral",
            each.signature.selector,
        )
        for each in verdicts(ctx)
    ]


def _note(ctx: Context, checked: Checked) -> None:
    verdict, status = checked.verdict, checked.status
    told = ctx.message.auth_results
    told["dmarc_status"] = status
    if status != "off":
        result = _RESULTS.get(status, verdict.result)
        told["dmarc"] = f"{result} header.from={pvalue(verdict.domain)}" if verdict.domain else result
    failed = verdict.result in ("none", "temperror")
    ctx.message.variables.update(
        dmarc_status=Untainted(status),
        dmarc_status_text=Untainted(TEXTS[status]),
        dmarc_used_domain=verdict.policy_domain or verdict.domain,
        dmarc_domain_policy=Untainted("" if failed else verdict.published),
        dmarc_alignment_spf=Untainted("yes" if verdict.spf_aligned else "no"),
        dmarc_alignment_dkim=Untainted("yes" if verdict.dkim_aligned else "no"),
    )
    from eximia.expand.authresults import header

    ctx.message.variables["dmarc_ar_header"] = header(ctx, ctx.process.primary_hostname)
    log = ctx.process.log
    if log.selectors.dmarc_verbose and status != "off":
        from eximia.logs.printing import printing

        log.main(
            f"DMARC results: spf_domain={printing(checked.spf.domain)} dmarc_domain={printing(verdict.domain)} "
            f"spf_align={'yes' if verdict.spf_aligned else 'no'} dkim_align={'yes' if verdict.dkim_aligned else 'no'} "
            f"enforcement='{TEXTS[status]}'",
            ctx.message.id,
        )
