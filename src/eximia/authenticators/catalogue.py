"""The drivers. Those whose libraries we do not have say so when the configuration is read, see `unavailable`."""

from __future__ import annotations

from eximia.base.catalogue import Catalogue

from .outcome import Driver

_P = "eximia.authenticators.drivers."

DRIVERS: Catalogue[Driver] = Catalogue(
    "authenticator",
    {
        "cram_md5": _P + "cram_md5:CRAM_MD5",
        "dovecot": _P + "dovecot:DOVECOT",
        "external": _P + "external:EXTERNAL",
        "gsasl": _P + "gsasl:GSASL",
        "plaintext": _P + "plaintext:PLAINTEXT",
        "spa": _P + "spa:SPA",
        "tls": _P + "tls:TLS",
    },
)

_ABSENT = {
    "cyrus_sasl": "the Cyrus SASL library is not used here: set driver = gsasl or dovecot",
    "heimdal_gssapi": "there is no Kerberos here: set driver = dovecot and let Dovecot do GSSAPI",
}


def unavailable(driver: str) -> str:
    """Why a driver that Exim has cannot be used; empty when it can."""
    return _ABSENT.get(driver, "")
