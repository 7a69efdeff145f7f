"""Authenticator drivers, by the name in `driver =`, and where their options are declared."""

from __future__ import annotations

from eximia.base.catalogue import Catalogue

from .generic import AuthenticatorOptions

_PACKAGE = "eximia.authenticators.options"

AUTHENTICATOR_OPTIONS: Catalogue[type[AuthenticatorOptions]] = Catalogue(
    "authenticator driver",
    {
        "cram_md5": f"{_PACKAGE}.cram_md5:CramMd5Options",
        "cyrus_sasl": f"{_PACKAGE}.cyrus_sasl:CyrusSaslOptions",
        "dovecot": f"{_PACKAGE}.dovecot:DovecotOptions",
        "external": f"{_PACKAGE}.external:ExternalOptions",
        "gsasl": f"{_PACKAGE}.gsasl:GsaslOptions",
        "heimdal_gssapi": f"{_PACKAGE}.heimdal_gssapi:HeimdalGssapiOptions",
        "plaintext": f"{_PACKAGE}.plaintext:PlaintextOptions",
        "spa": f"{_PACKAGE}.spa:SpaOptions",
        "tls": f"{_PACKAGE}.tls:TlsAuthenticatorOptions",
    },
)
