"""REQUIRETLS: messages that go only to servers that are known for sure, over TLS, and promise the same (RFC 8689).

On with `requiretls_advertise_hosts`; then a header line `TLS-Required: No` asks for the opposite: delivery rather than
security, so that DANE of `hosts_try_dane` and MTA-STS do not keep the message back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.context.delivery import Errno

from .failure import Failure, Fault
from .mta_sts import enforced

if TYPE_CHECKING:
    from eximia.context import Context

    from .connection import Connection


#: "REQUIRETLS support required" (RFC 8689)
_STATUS = "5.7.30"


def demand(ctx: Context, connection: Connection, *, last: bool) -> None:
    """Raises Failure unless the message at hand may go over this session; for good with the `last` host."""
    why = _missing(ctx, connection)
    if why:
        raise _final(why) if last else Failure(why, Errno.TLS_REQUIRED, Fault.MESSAGE)


def never(failure: Failure) -> Failure:
    """The same for good: no host of the message's offers TLS."""
    return _final(f"REQUIRETLS: {failure.message}")


def _final(text: str) -> Failure:
    failure = Failure(text, 0, Fault.MESSAGE, permanent=True)
    failure.status = _STATUS
    return failure


def _missing(ctx: Context, connection: Connection) -> str:
    host, tls = connection.host, connection.tls
    if host.from_mx and not host.secure and not enforced(ctx):
        return "REQUIRETLS: the MX record is covered neither by DNSSEC nor by MTA-STS"
    if not tls.version or not tls.certificate_verified:
        return "REQUIRETLS: no TLS session with a certificate that can be verified"
    if not connection.peer.requiretls:
        return "REQUIRETLS support required"
    return ""


def is_waived(ctx: Context) -> bool:
    """The message says `TLS-Required: No`, and that is obeyed here."""
    message = ctx.message
    if message.requiretls or getattr(ctx.process.main, "requiretls_advertise_hosts", None) is None:
        return False
    for header in message.headers:
        if header.name == "tls-required" and not header.deleted:
            return bool(header.text.partition(":")[2].strip().lower() == "no")
    return False
