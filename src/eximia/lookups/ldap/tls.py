"""TLS with LDAP servers: the main options `ldap_ca_cert_dir`, `ldap_ca_cert_file`, `ldap_cert_file`, `ldap_cert_key`,
`ldap_cipher_suite` and `ldap_require_cert` (manual 14.23)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from eximia.base.errors import NetworkError
from eximia.dns.hosts import normal_address
from eximia.tls.binding import TlsUnavailable
from eximia.tls.contexts import contexts_of
from eximia.tls.engine import Engine, TlsError, Verify
from eximia.tls.settings import ClientSettings, TlsConfigError
from eximia.tls.stream import TlsStream

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Context


def certificate_required(ctx: Context) -> bool:
    """Whether the server's certificate must be good. Unset is as with OpenLDAP: it must."""
    return (ctx.process.main.ldap_require_cert or "demand") in ("hard", "demand", "try")


def secure(ctx: Context, stream: Stream, host: str, timeout: float) -> TlsStream:
    """The stream inside TLS. Raises NetworkError."""
    main = ctx.process.main
    required = certificate_required(ctx)
    settings = ClientSettings(
        certificates=(str(main.ldap_cert_file),) if main.ldap_cert_file else (),
        keys=(str(main.ldap_cert_key),) if main.ldap_cert_key else (),
        ciphers=str(main.ldap_cipher_suite or ""),
        trust=str(main.ldap_ca_cert_file or main.ldap_ca_cert_dir or "system") if required else "",
    )
    try:
        engine = Engine(contexts_of(ctx.process).client(settings), verify=Verify.REQUIRE if required else Verify.IGNORE)
        if required:
            engine.check_name(host)
        if not normal_address(host):
            engine.send_name(host)
        encrypted = TlsStream(stream, engine)
        encrypted.handshake(timeout)
    except (TlsError, TlsConfigError, TlsUnavailable) as error:
        raise NetworkError(f"TLS: {error}", errno.EPROTO) from error
    return encrypted
