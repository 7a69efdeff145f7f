"""TLS with servers of lookups, with the postmaster's certificates: LDAP (manual 14.23), Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.tls import client
from eximia.tls.settings import ClientSettings

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Context
    from eximia.tls.stream import TlsStream


def secure(
    ctx: Context,
    stream: Stream,
    host: str,
    timeout: float,
    *,
    trust: str,
    certificate: str = "",
    key: str = "",
    ciphers: str = "",
) -> TlsStream:
    """The stream inside TLS. `trust`: a file or directory of certificates or "system": the server's certificate must
    be good and name the host; empty: it may be any. Raises NetworkError."""
    settings = ClientSettings(
        certificates=(certificate,) if certificate else (), keys=(key,) if key else (), ciphers=ciphers, trust=trust
    )
    return client.secure(ctx, stream, host, settings, timeout)


def ldap_certificate_required(ctx: Context) -> bool:
    """Whether an LDAP server's certificate must be good. Unset is as with OpenLDAP: it must."""
    return (ctx.process.main.ldap_require_cert or "demand") in ("hard", "demand", "try")


def secure_ldap(ctx: Context, stream: Stream, host: str, timeout: float) -> TlsStream:
    """As `ldap_ca_cert_dir`, `ldap_ca_cert_file`, `ldap_cert_file`, `ldap_cert_key`, `ldap_cipher_suite` and
    `ldap_require_cert` say."""
    main = ctx.process.main
    trust = str(main.ldap_ca_cert_file or main.ldap_ca_cert_dir or "system")
    return secure(
        ctx,
        stream,
        host,
        timeout,
        trust=trust if ldap_certificate_required(ctx) else "",
        certificate=str(main.ldap_cert_file or ""),
        key=str(main.ldap_cert_key or ""),
        ciphers=str(main.ldap_cipher_suite or ""),
    )
