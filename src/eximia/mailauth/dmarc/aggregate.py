"""Aggregate reports: what was seen of a domain's mail in a day, counted (RFC 9990)."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from eximia.base.dataclass import dataclass

from .evaluation import Dkim, Verdict

_NAMESPACE = "urn:ietf:params:xml:ns:dmarc-2.0"
_MOST_SIGNATURES = 100
#: characters that XML 1.0 does not have
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
#: our words for why less was done than the policy asks for
_REASONS = {"policy_test_mode": "policy_test_mode", "sampled_out": "other", "local_policy": "local_policy"}


@dataclass(frozen=True, slots=True)
class Row:
    """What messages have in common that are counted together."""

    address: str
    header_from: str
    envelope_from: str
    disposition: str
    spf_aligned: bool
    dkim_aligned: bool
    reason: str
    spf: tuple[str, str]
    dkim: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """The record as it was published, with defaults in place; `rua` as in the record."""

    domain: str
    method: str
    p: str
    sp: str
    np: str
    fo: str
    adkim: str
    aspf: str
    testing: bool
    rua: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """The days that a report is about, and who reports."""

    begin: int
    end: int
    organization: str
    email: str
    generator: str


def row(
    verdict: Verdict, address: str, envelope_from: str, spf: tuple[str, str], dkim: Sequence[Dkim], *, rejected: bool
) -> Row:
    """How a message counts. `spf` is (domain, result); `rejected`: we refused the message."""
    disposition, reason = _disposition(verdict, rejected=rejected)
    signatures = sorted(
        {(each.domain, each.selector, each.result) for each in dkim},
        key=lambda each: (each[2] != "pass", each[0] != verdict.domain, each),
    )
    return Row(
        address,
        verdict.domain,
        envelope_from,
        disposition,
        verdict.spf_aligned,
        verdict.dkim_aligned,
        reason,
        spf,
        tuple(signatures[:_MOST_SIGNATURES]),
    )


def _disposition(verdict: Verdict, *, rejected: bool) -> tuple[str, str]:
    if verdict.result == "pass":
        # Whatever was refused, it was not for this policy.
        return ("pass" if verdict.published in ("quarantine", "reject") else "none"), ""
    done = "reject" if rejected and verdict.policy == "reject" else "none"
    if verdict.policy == "quarantine" and not rejected:
        done = "quarantine"
    if done == verdict.published:
        return done, ""
    return done, verdict.override if done == verdict.policy else "local_policy"


def policy(verdict: Verdict) -> Policy:
    """The policy of a verdict that has a record."""
    record = verdict.record
    assert record is not None  # the caller looks
    p = record.p or "none"
    sp = record.sp or p
    return Policy(
        verdict.policy_domain,
        verdict.method,
        p,
        sp,
        record.np or sp,
        record.fo,
        record.adkim,
        record.aspf,
        record.testing,
        record.rua,
    )


def pack(one: Row, published: Policy) -> str:
    """Both as text, for the store; what is equal has equal text."""
    return json.dumps(
        [
            [one.address, one.header_from, one.envelope_from, one.disposition, one.spf_aligned, one.dkim_aligned],
            [one.reason, list(one.spf), [list(each) for each in one.dkim]],
            [published.domain, published.method, published.p, published.sp, published.np, published.fo],
            [published.adkim, published.aspf, published.testing, list(published.rua)],
        ],
        separators=(",", ":"),
    )


def unpack(text: str) -> tuple[Row, Policy] | None:
    """What `pack` made; None for anything else."""
    try:
        who, more, published, options = json.loads(text)
        address, header_from, envelope_from, disposition, by_spf, by_dkim = who
        reason, (spf_domain, spf_result), signatures = more
        domain, method, p, sp, np, fo = published
        adkim, aspf, testing, rua = options
        dkim = tuple((one[0], one[1], one[2]) for one in signatures)
        spf = (spf_domain, spf_result)
        one = Row(address, header_from, envelope_from, disposition, by_spf, by_dkim, reason, spf, dkim)
        return one, Policy(domain, method, p, sp, np, fo, adkim, aspf, testing, tuple(rua))
    except (ValueError, TypeError, LookupError):
        return None


def xml(report_id: str, period: Period, published: Policy, rows: Iterable[tuple[Row, int]]) -> bytes:
    """The report."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<feedback xmlns="{_NAMESPACE}">\n<version>1.0</version>\n',
        "<report_metadata>",
        _element("org_name", period.organization),
        _element("email", period.email),
        _element("report_id", report_id),
        f"<date_range>{_element('begin', period.begin)}{_element('end', period.end)}</date_range>",
        _element("generator", period.generator),
        "</report_metadata>\n<policy_published>",
        _element("domain", published.domain),
        _element("discovery_method", published.method),
        *(_element(name, getattr(published, name)) for name in ("p", "sp", "np", "fo", "adkim", "aspf")),
        _element("testing", "y" if published.testing else "n"),
        "</policy_published>\n",
    ]
    parts += [_record(one, count) for one, count in rows]
    parts.append("</feedback>\n")
    return "".join(parts).encode("utf-8")


def _record(one: Row, count: int) -> str:
    reason = ""
    if one.reason:
        kind = _REASONS.get(one.reason, "other")
        reason = f"<reason>{_element('type', kind)}{_element('comment', one.reason.replace('_', ' '))}</reason>"
    signatures = "".join(
        f"<dkim>{_element('domain', domain)}{_element('selector', selector)}{_element('result', result)}</dkim>"
        for domain, selector, result in one.dkim
    )
    spf = ""
    if one.spf[1]:
        spf = f"<spf>{_element('domain', one.spf[0])}<scope>mfrom</scope>{_element('result', one.spf[1])}</spf>"
    return (
        f"<record><row>{_element('source_ip', one.address)}{_element('count', count)}"
        f"<policy_evaluated>{_element('disposition', one.disposition)}"
        f"{_element('dkim', 'pass' if one.dkim_aligned else 'fail')}"
        f"{_element('spf', 'pass' if one.spf_aligned else 'fail')}{reason}</policy_evaluated></row>\n"
        f"<identifiers>{_element('header_from', one.header_from)}{_element('envelope_from', one.envelope_from)}"
        f"</identifiers>\n<auth_results>{signatures}{spf}</auth_results></record>\n"
    )


def _element(name: str, value: object) -> str:
    text = str(value)
    if not text.isascii():
        # Text holds bytes, which should be UTF-8.
        text = text.encode("latin-1", "replace").decode("utf-8", "replace")
    return f"<{name}>{escape(_NOT_XML.sub('', text))}</{name}>"


def file_name(period: Period, domain: str, unique: str) -> str:
    """The name of the compressed report, as the RFC wants it."""
    return f"{period.organization}!{domain}!{period.begin}!{period.end}!{unique}.xml.gz"


def mail(
    content: bytes,
    period: Period,
    domain: str,
    report_id: str,
    *,
    sender: str,
    recipients: Sequence[str],
    unique: str,
    boundary: str,
) -> bytes:
    """The message with a report, LF line ends, without Date: and Message-ID:."""
    from base64 import encodebytes

    packed = encodebytes(gzip.compress(content, mtime=period.end)).decode("ascii")
    name = file_name(period, domain, unique)
    return (
        f"From: {sender}\n"
        f"To: {', '.join(recipients)}\n"
        f"Subject: Report Domain: {domain}\n\tSubmitter: {period.organization}\n\tReport-ID: <{report_id}>\n"
        "Auto-Submitted: auto-generated\n"
        "MIME-Version: 1.0\n"
        f'Content-Type: multipart/mixed;\n\tboundary="{boundary}"\n'
        "\n"
        f"--{boundary}\n"
        "Content-Type: text/plain; charset=us-ascii\n\n"
        f"This is an aggregate DMARC report from {period.organization}\nabout the domain {domain}.\n\n"
        f"--{boundary}\n"
        f'Content-Type: application/gzip;\n\tname="{name}"\n'
        f'Content-Disposition: attachment;\n\tfilename="{name}"\n'
        "Content-Transfer-Encoding: base64\n\n"
        f"{packed}\n"
        f"--{boundary}--\n"
    ).encode("latin-1", "replace")
