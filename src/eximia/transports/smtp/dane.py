"""DANE: which TLSA records hold for a server (RFC 7671, RFC 7672; manual 43.18).

OpenSSL compares them with the certificates; here they are looked up, sorted out, and it is decided what their absence
means. `Dane` without records is RFC 7672's "TLS is mandatory, nobody is authenticated": all records are unusable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.dataclass import dataclass
from eximia.context.delivery import Errno
from eximia.dns import Status
from eximia.dns.lookup import lookup
from eximia.transports.strings import host_matches

from .connection import raised
from .failure import Failure, Fault
from .requiretls import is_waived

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Host
    from eximia.dns.records import Tlsa

DANE_TA, DANE_EE = 2, 3
#: bytes of a digest by matching type; 0: the whole certificate or key
_SIZES = {1: 32, 2: 64}


@dataclass(frozen=True, slots=True)
class Dane:
    """What DANE asks of a server. `base`: the TLSA base domain, sent as SNI."""

    base: str
    records: tuple[Tlsa, ...]
    #: names that a certificate issued by a DANE-TA authority may show
    names: tuple[str, ...] = ()

    @property
    def usages(self) -> int:
        """$tls_out_tlsa_usage: a bit for each usage."""
        bits = 0
        for record in self.records:
            bits |= 1 << record.usage
        return bits


def usable(record: Tlsa) -> bool:
    """Usages of the public PKI mean nothing in SMTP (RFC 7672 3.1.3); unknown selectors and types, and digests of
    the wrong size, cannot be compared."""
    if record.usage not in (DANE_TA, DANE_EE) or record.selector not in (0, 1):
        return False
    if record.matching == 0:
        return bool(record.data)
    return len(record.data) == _SIZES.get(record.matching, -1)


def find(ctx: Context, options: Any, host: Host, port: int) -> Dane | None:
    """The records that hold for `host`; None: DANE is not in use. Raises Failure where there must be records, or
    where it cannot be known whether there are."""
    required = host_matches(ctx, options.hosts_require_dane, host.name, host.address)
    if not required and (
        not host_matches(ctx, options.hosts_try_dane, host.name, host.address) or (host.secure and is_waived(ctx))
    ):
        return None
    if not host.secure:
        if required:
            raise _failed(ctx, options, f"{host.name} lookup not DNSSEC", "dane-required")
        return None
    for base in dict.fromkeys((host.certificate_name or host.name, host.name)):
        answer = lookup(ctx, f"_{port}._tcp.{base}", "TLSA")
        if answer.status is Status.AGAIN:
            # An attacker who drops the answer must not make us go on without it (RFC 7672 2.1.2).
            result = "dane-required" if required else "dnssec-invalid"
            raise _failed(ctx, options, "tlsa lookup DEFER", result, permanent=False)
        if answer.status is Status.FOUND and answer.secure:
            records = tuple(record for record in answer.records if usable(record))
            if required and not records:
                raise _failed(ctx, options, "no usable TLSA record", "dane-required")
            return Dane(base, records, _names(ctx, host, base))
        if answer.status is Status.FOUND and required:
            raise _failed(ctx, options, f"{host.name} TLSA lookup not DNSSEC", "dnssec-invalid")
    if required:
        raise _failed(ctx, options, "tlsa lookup FAIL", "dane-required")
    return None


def _names(ctx: Context, host: Host, base: str) -> tuple[str, ...]:
    """The base domain itself, the host, and the domain that the mail is for (RFC 7672 3.2.2)."""
    names = [base, host.name]
    if ctx.address.domain and host.from_mx:
        names.append(ctx.address.domain)
    return tuple(dict.fromkeys(name.lower().removesuffix(".") for name in names))[1:]


def _failed(ctx: Context, options: Any, text: str, result: str, *, permanent: bool = True) -> Failure:
    raised(ctx, options, "dane:fail", result)
    failure = Failure(
        f"DANE error: {text}",
        0 if permanent else Errno.DNS_DEFER,
        Fault.LOCAL if permanent else Fault.HOST,
        permanent=permanent,
        log=not permanent,
        with_host=False,
    )
    failure.report = result
    return failure


def tell_failure(ctx: Context, options: Any, host: Host, *, offered: bool, why: str = "") -> None:
    """The log line of a session that was begun, and the event of a connection that DANE forbids (RFC 8460 4.3)."""
    log = ctx.process.log
    if why and log is not None and not options.disable_logging:
        log.main(
            f"DANE attempt failed; TLS connection to {host.name} [{host.address}]: {why}", message_id=ctx.message.id
        )
    raised(ctx, options, "dane:fail", "validation-failure" if offered else "starttls-not-supported")
