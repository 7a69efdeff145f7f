"""Counting how sessions went with TLS, for the reports that `eximia tls-report` sends (RFC 8460). Off by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.hints import counting
from eximia.protocols.mta_sts import StsPolicy
from eximia.protocols.tlsrpt import Session, pack

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Host

    from .dane import Dane

#: OpenSSL's verification errors (X509_V_ERR_*) -> result types
_RESULTS = {
    10: "certificate-expired",
    9: "certificate-expired",
    62: "certificate-host-mismatch",
    64: "certificate-host-mismatch",
    65: "tlsa-invalid",
    **dict.fromkeys((2, 18, 19, 20, 21, 24, 27), "certificate-not-trusted"),
}


def result_of(verify_error: int) -> str:
    """The result type for a verification error; anything else is a `validation-failure`."""
    return _RESULTS.get(verify_error, "validation-failure")


def count(ctx: Context, host: Host, dane: Dane | None, *, result: str = "", reason: str = "") -> None:
    """Count one session for the domain at hand."""
    domain = ctx.address.domain.lower()
    if not domain or not (host.from_mx or host.name == domain):
        return
    policies: tuple[StsPolicy, ...] = ctx.address.mta_sts
    if dane is not None or result in ("dane-required", "dnssec-invalid"):
        records = dane.records if dane is not None else ()
        strings = tuple(f"{one.usage} {one.selector} {one.matching} {one.data.hex()}" for one in records)
        session = Session("tlsa", strings, (host.name,))
    elif policies:
        policy = policies[0]
        strings = ("version: STSv1", f"mode: {policy.mode}", f"max_age: {policy.max_age}")
        session = Session("sts", (*strings, *(f"mx: {one}" for one in policy.hosts)), policy.hosts)
    else:
        session = Session("no-policy-found", (), ())
    if result:
        session = session._replace(
            result=result,
            sending_ip=ctx.address.sending_ip_address,
            host=host.name,
            receiving_ip=host.address,
            reason=reason[:200],
        )
    counting.count(ctx.process.hints.tls_reports, domain, pack(session), ctx.process.ports.clock.time())
