"""`verify = csa`: Client SMTP Authorization (manual 44.52, draft-ietf-marid-csv-csa)."""

from __future__ import annotations

from enum import Enum

from eximia.acl.run import Run
from eximia.context import Context
from eximia.dns import Status
from eximia.dns.csa import Verdict, find_csa
from eximia.dns.lookup import lookup

from .verifier import Request, Verifier


class Csa(Enum):
    """How it ended: (the word of $csa_status, what the peer is told)."""

    OK = ("ok", "accepted")
    UNKNOWN = ("unknown", "unknown")
    DEFER_SRV = ("defer", "deferred (SRV lookup failed)")
    DEFER_ADDRESS = ("defer", "deferred (target address lookup failed)")
    FAIL_EXPLICIT = ("fail", "failed (explicit authorization required)")
    FAIL_DOMAIN = ("fail", "failed (host name not authorized)")
    FAIL_NO_ADDRESS = ("fail", "failed (no authorized addresses)")
    FAIL_MISMATCH = ("fail", "failed (client address mismatch)")


def check_client(ctx: Context, domain: str) -> Csa:
    """Whether the client may send as `domain` (a name, an address or an address literal)."""
    status, found = find_csa(ctx, domain)
    if status is Status.AGAIN:
        return Csa.DEFER_SRV
    if found is None or found.verdict is Verdict.UNKNOWN:
        return Csa.UNKNOWN
    if found.verdict is Verdict.EXPLICIT:
        return Csa.FAIL_EXPLICIT
    if found.verdict is Verdict.FORBIDDEN:
        return Csa.FAIL_DOMAIN
    return _has_address(ctx, found.target)


def _has_address(ctx: Context, target: str) -> Csa:
    client = ctx.session.sender_host_address
    if not target.strip("."):
        return Csa.FAIL_NO_ADDRESS
    answer = lookup(ctx, target, "AAAA" if ":" in client else "A")
    if answer.status is Status.AGAIN:
        return Csa.DEFER_ADDRESS
    if answer.status is not Status.FOUND:
        return Csa.FAIL_NO_ADDRESS
    return Csa.OK if any(record.address == client for record in answer.records) else Csa.FAIL_MISMATCH


def _check(one: Run, request: Request) -> bool:
    session = one.ctx.session
    domain = request.options[0] if request.options else ""
    domain = domain or session.sender_helo_name or session.sender_host_address
    if not domain:
        return True
    kept: dict[str, Csa] = session.notes.setdefault("acl.csa", {})
    found = kept.get(domain)
    if found is None:
        found = kept[domain] = check_client(one.ctx, domain)
    word, told = found.value
    session.csa_status = word
    one.user_message = one.log_message = f"client SMTP authorization {told}"
    return word != "fail"


CSA = Verifier(_check, takes_options=True)
