"""Certificate variables: which they are, their fingerprints, and their fields for `${certextract...}`.

X.509 itself is read by the `cryptography` library, imported when it is needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.text import EMPTY, Untainted
from eximia.expand.nodes import Run, Sequence
from eximia.expand.operators.bases import encode64

if TYPE_CHECKING:
    from eximia.context import Context

_GETTERS: dict[str, Callable[[Context], bytes]] = {
    "tls_in_ourcert": lambda ctx: ctx.session.tls_in.our_certificate,
    "tls_in_peercert": lambda ctx: ctx.session.tls_in.peer_certificate,
    "tls_out_ourcert": lambda ctx: ctx.address.tls_out.our_certificate,
    "tls_out_peercert": lambda ctx: ctx.address.tls_out.peer_certificate,
}

_DIGESTS: dict[str, Callable[[bytes], str]] = {
    "md5": lambda der: hashlib.md5(der).hexdigest().upper(),
    "sha1": lambda der: hashlib.sha1(der).hexdigest().upper(),
    "sha256": lambda der: hashlib.sha256(der).hexdigest().upper(),
    "base64": encode64,
}


def certificate_of(variable: str) -> Callable[[Context], bytes] | None:
    """The function that gives the certificate (DER) of a variable; None when it is no certificate variable."""
    return _GETTERS.get(variable)


def fingerprint(operator: str, subject: Sequence) -> Run | None:
    """The closure for an operator whose whole operand is a certificate variable; None for all others."""
    digest = _DIGESTS.get(operator)
    if digest is None or len(subject.parts) != 1:
        return None
    getter = _GETTERS.get(getattr(subject.parts[0], "name", ""))
    if getter is None:
        return None

    def run(ctx: Context) -> str:
        der = getter(ctx)
        return Untainted(digest(der)) if der else EMPTY

    return run


def extract_field(der: bytes, field: str) -> str | None:
    """The field with its modifiers, such as `subj_altname,dns,>,`. None when the certificate has none.

    Raises ExpansionError for unknown fields.
    """
    from eximia.expand.certificate_fields import extract

    return extract(der, field)
