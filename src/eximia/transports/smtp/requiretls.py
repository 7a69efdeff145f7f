"""REQUIRETLS: messages that go only to servers that are known for sure, over TLS, and promise the same (RFC 8689).

On with `requiretls_advertise_hosts`; then a header line `TLS-Required: No` asks for the opposite: delivery rather than
security, so that DANE of `hosts_try_dane` and MTA-STS do not keep the message back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.context.delivery import Errno

from .failure import NOT_SUPPORTED, Failure, Fault
from .mta_sts import enforced

if TYPE_CHECKING:
    from eximia.context import Context

    from .connection import Connection


#: "REQUIRETLS support required" and "Encryption needed" (RFC 8689 section 4.2.1)
_UNSUPPORTED = "5.7.30"
_UNPROTECTED = "5.7.10"


def demand(ctx: Context, connection: Connection, *, last: bool) -> None:
    """Raises Failure unless the message at hand may go over this session; for good with the `last` host."""
    why, status = _missing(ctx, connection)
    if why:
        raise _final(why, status) if last else Failure(why, Errno.TLS_REQUIRED, Fault.MESSAGE)


def is_unprotected(failure: Failure) -> bool:
    """The host offers no TLS, or none with a certificate of its own. Other trouble, as a lost connection, may pass."""
    return failure.report == NOT_SUPPORTED or failure.report.startswith("certificate-")


def never(failure: Failure) -> Failure:
    """The same for good: no host will do."""
    return _final(f"REQUIRETLS: {failure.message}", _UNPROTECTED)


def _final(text: str, status: str) -> Failure:
    failure = Failure(text, 0, Fault.MESSAGE, permanent=True)
    failure.status = status
    return failure


def _missing(ctx: Context, connection: Connection) -> tuple[str, str]:
    """What is missing, and its status; empty when nothing is."""
    host, tls = connection.host, connection.tls
    if host.from_mx and not host.secure and not enforced(ctx):
        return "REQUIRETLS: the MX record is covered neither by DNSSEC nor by MTA-STS", _UNSUPPORTED
    if not tls.version or not tls.certificate_verified:
        return "REQUIRETLS: no TLS session with a certificate that can be verified", _UNPROTECTED
    if not connection.peer.requiretls:
        return "REQUIRETLS support required", _UNSUPPORTED
    return "", ""


def is_waived(ctx: Context) -> bool:
    """The message says `TLS-Required: No`, and that is obeyed here."""
    message = ctx.message
    if message.requiretls or getattr(ctx.process.main, "requiretls_advertise_hosts", None) is None:
        return False
    for header in message.headers:
        if header.name == "tls-required" and not header.deleted:
            return bool(header.text.partition(":")[2].strip().lower() == "no")
    return False
