"""`X= CV= DN= SNI=`: what a line says of TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.logs.printing import printing

if TYPE_CHECKING:
    from eximia.context import TlsFacts
    from eximia.logs.selectors import Selectors

#: bit of `$tls_in_resumption` that says: this session was resumed
RESUMED = 16


def tls_fields(tls: TlsFacts, selectors: Selectors, *, sni: bool = False) -> str:
    """The fields with a space before each; empty when there is no TLS. `sni`: `SNI=` too (arrival lines)."""
    text = ""
    if tls.cipher:
        if selectors.tls_cipher:
            text = f" X={tls.cipher}"
            if selectors.tls_resumption and tls.resumption & RESUMED:
                text += "*"
        if selectors.tls_certificate_verified:
            text += " CV=dane" if tls.dane else " CV=yes" if tls.certificate_verified else " CV=no"
    if selectors.tls_peerdn and tls.peerdn:
        text += f' DN="{printing(tls.peerdn)}"'
    if sni and selectors.tls_sni and tls.sni:
        text += f" SNI={printing(tls.sni)}"
    return text
