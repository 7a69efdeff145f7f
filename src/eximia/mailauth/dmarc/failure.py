"""Failure reports: one message that failed, to the domain that asked for it (RFC 9991, RFC 6591, RFC 5965)."""

from __future__ import annotations

from collections.abc import Sequence

from eximia.base.dataclass import dataclass
from eximia.base.pattern import pattern

from .evaluation import Verdict

_BLANKS = pattern(r"[\x00-\x20\x7f]+")
_MOST_HEADER = 65_536


@dataclass(frozen=True, slots=True)
class Failed:
    """What is known of the message. `header` is its header section; `delivery` a word of RFC 5965 for what became of
    it: `delivered`, `spam`, `policy`, `reject`, `other`."""

    verdict: Verdict
    header: str
    address: str
    mail_from: str
    recipients: Sequence[str]
    date: str
    authentication_results: str
    spf: str = ""
    spf_domain: str = ""
    #: (domain, selector, identity, result) of each signature
    signatures: Sequence[tuple[str, str, str, str]] = ()
    delivery: str = "delivered"
    #: the record of spf_domain
    spf_record: str = ""


def wanted(verdict: Verdict, spf: str, dkim: Sequence[str]) -> bool:
    """Whether the record's `fo` tag asks for a report, given the results of SPF and of the signatures."""
    record = verdict.record
    if record is None or not record.ruf or verdict.result not in ("pass", "fail"):
        return False
    options = record.fo.split(":")
    if "0" in options and verdict.result == "fail":
        return True
    if "1" in options and not (verdict.spf_aligned and verdict.dkim_aligned):
        return True
    if "d" in options and any(result not in ("pass", "none") for result in dkim):
        return True
    return "s" in options and spf in ("fail", "softfail", "permerror", "temperror", "neutral")


def report(one: Failed, *, sender: str, recipients: Sequence[str], reporter: str, version: str, boundary: str) -> bytes:
    """A whole message with LF line ends, without Date: and Message-ID:. `sender` is the value of From:."""
    verdict = one.verdict
    head = [
        f"From: {_line(sender)}",
        f"To: {', '.join(recipients)}",
        f"Subject: FW: DMARC failure report for {_line(verdict.domain)} from {_line(one.address)}",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=feedback-report;\n\tboundary="{boundary}"',
    ]
    text = (
        f"This is an authentication failure report for a message received from {_line(one.address)}\n"
        f"on {one.date}. Its author's domain, {_line(verdict.domain)}, asks for such reports.\n"
    )
    parts = [
        f"Content-Type: text/plain; charset=us-ascii\n\n{text}",
        f"Content-Type: message/feedback-report\n\n{_fields(one, reporter, version)}",
        f"Content-Type: text/rfc822-headers\nContent-Transfer-Encoding: 8bit\n\n{_header(one.header)}",
    ]
    body = "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n"
    return ("\n".join(head) + "\n\n" + body).encode("latin-1", "replace")


def _fields(one: Failed, reporter: str, version: str) -> str:
    verdict = one.verdict
    alignment = ", ".join(
        name for name, aligned in (("dkim", verdict.dkim_aligned), ("spf", verdict.spf_aligned)) if aligned
    )
    fields = [
        ("Feedback-Type", "auth-failure"),
        ("User-Agent", version),
        ("Version", "1"),
        ("Original-Mail-From", f"<{one.mail_from}>"),
        *(("Original-Rcpt-To", f"<{address}>") for address in one.recipients[:20]),
        ("Arrival-Date", one.date),
        ("Reporting-MTA", f"dns; {reporter}"),
        ("Source-IP", one.address),
        ("Authentication-Results", one.authentication_results),
        ("Auth-Failure", "dmarc"),
        ("Delivery-Result", one.delivery),
        ("Identity-Alignment", alignment or "none"),
        ("Reported-Domain", verdict.domain),
    ]
    for domain, selector, identity, result in one.signatures[:10]:
        if result != "pass":
            fields += [("DKIM-Domain", domain), ("DKIM-Identity", identity), ("DKIM-Selector", selector)]
            break
    if one.spf != "pass" and one.spf_domain and one.spf_record:
        fields.append(("SPF-DNS", f"txt : {one.spf_domain} : {_quoted(one.spf_record)}"))
    return "".join(f"{name}: {_line(value)}\n" for name, value in fields if value)


def _header(header: str) -> str:
    """The header section as text with LF line ends, without anything that could end the MIME part."""
    text = header[:_MOST_HEADER].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text if text.endswith("\n") else f"{text}\n"


def _quoted(text: str) -> str:
    """A quoted-string of RFC 5322."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _line(text: str) -> str:
    """One line. Only ASCII counts as white space: other bytes may be parts of characters."""
    return _BLANKS.sub(" ", text).strip(" ")
