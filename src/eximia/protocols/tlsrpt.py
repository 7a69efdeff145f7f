"""SMTP TLS reports as text: who wants them, the report, the mail that carries it (RFC 8460).

What is counted, and when, is `transports.smtp.tls_report`; sending is `cli.tls_report`.
"""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eximia.base.namedtuple import NamedTuple

#: destinations that are taken from a record
_MOST_DESTINATIONS = 8


class Session(NamedTuple):
    """What sessions that are counted together have in common. `result` is a result type of RFC 8460 4.3, empty for a
    success; `policy` is `tlsa`, `sts` or `no-policy-found`, `strings` and `hosts` its text and its mx patterns."""

    policy: str
    strings: tuple[str, ...]
    hosts: tuple[str, ...]
    result: str = ""
    sending_ip: str = ""
    host: str = ""
    receiving_ip: str = ""
    reason: str = ""


def pack(one: Session) -> str:
    return json.dumps(one, separators=(",", ":"))


def unpack(text: str) -> Session | None:
    """What `pack` made; None for anything else."""
    try:
        policy, strings, hosts, *rest = json.loads(text)
        return Session(str(policy), tuple(map(str, strings)), tuple(map(str, hosts)), *map(str, rest))
    except (ValueError, TypeError):
        return None


class Period(NamedTuple):
    """Begin and end in seconds since 1970; who reports, and where he can be reached."""

    begin: int
    end: int
    organization: str
    contact: str


def destinations(texts: Sequence[bytes]) -> list[str]:
    """The `mailto:` and `https:` addresses of the only record among the TXT records of `_smtp._tls.DOMAIN`."""
    found = [text for text in texts if text.partition(b";")[0].strip() == b"v=TLSRPTv1"]
    if len(found) != 1:
        return []
    for part in found[0].decode("latin-1").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip() == "rua":
            uris = [uri.strip() for uri in value.split(",")]
            good = [uri for uri in uris if _is_plain(uri) and uri.lower().startswith(("mailto:", "https://"))]
            return good[:_MOST_DESTINATIONS]
    return []


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text and len(text) < 1000


def report(report_id: str, period: Period, domain: str, counts: Iterable[tuple[Session, int]]) -> bytes:
    """The report as JSON (RFC 8460 4.4)."""
    policies: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[tuple[Session, int]]] = {}
    for one, count in counts:
        policies.setdefault((one.policy, one.strings, one.hosts), []).append((one, count))
    whole = {
        "organization-name": period.organization,
        "date-range": {"start-datetime": _stamp(period.begin), "end-datetime": _stamp(period.end)},
        "contact-info": period.contact,
        "report-id": report_id,
        "policies": [_policy(domain, rows) for _, rows in sorted(policies.items())],
    }
    return json.dumps(whole, indent=1).encode()


def _policy(domain: str, rows: list[tuple[Session, int]]) -> Mapping[str, Any]:
    first = rows[0][0]
    policy: dict[str, Any] = {"policy-type": first.policy, "policy-domain": domain}
    if first.strings:
        policy["policy-string"] = list(first.strings)
    if first.hosts:
        policy["mx-host"] = list(first.hosts)
    failed = [(one, count) for one, count in rows if one.result]
    return {
        "policy": policy,
        "summary": {
            "total-successful-session-count": sum(count for one, count in rows if not one.result),
            "total-failure-session-count": sum(count for _, count in failed),
        },
        "failure-details": [_failure(one, count) for one, count in failed],
    }


def _failure(one: Session, count: int) -> Mapping[str, Any]:
    details = {
        "result-type": one.result,
        "sending-mta-ip": one.sending_ip,
        "receiving-mx-hostname": one.host,
        "receiving-ip": one.receiving_ip,
        "failed-session-count": count,
        "failure-reason-code": one.reason,
    }
    return {name: value for name, value in details.items() if value != ""}


def _stamp(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def file_name(period: Period, domain: str, unique: str) -> str:
    """RFC 8460 5.1."""
    return f"{period.organization}!{domain}!{period.begin}!{period.end}!{unique}.json.gz"


def mail(
    content: bytes, period: Period, domain: str, report_id: str, *, sender: str, recipients: Sequence[str], unique: str
) -> bytes:
    """The message (RFC 8460 5.3), lines ending with LF. It asks not to be kept back by the trouble it reports."""
    packed = base64.encodebytes(gzip.compress(content, mtime=0)).decode("ascii")
    name = file_name(period, domain, unique)
    boundary = f"tlsrpt-{unique}"
    return (
        f"From: {sender}\nTo: {', '.join(recipients)}\n"
        f"Subject: Report Domain: {domain}\n Submitter: {period.organization}\n Report-ID: <{report_id}>\n"
        f"TLS-Report-Domain: {domain}\nTLS-Report-Submitter: {period.organization}\nTLS-Required: No\n"
        "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type="tlsrpt";\n boundary="{boundary}"\n\n'
        f"--{boundary}\nContent-Type: text/plain; charset=us-ascii\n\n"
        f"This is an aggregate TLS report from {period.organization}\nabout mail to the domain {domain}.\n\n"
        f"--{boundary}\nContent-Type: application/tlsrpt+gzip\nContent-Transfer-Encoding: base64\n"
        f'Content-Disposition: attachment;\n filename="{name}"\n\n{packed}\n--{boundary}--\n'
    ).encode("latin-1", "replace")
