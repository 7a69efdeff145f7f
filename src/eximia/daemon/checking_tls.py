"""What the checker finds in TLS options: cipher lists the library does not take, certificates it cannot use.

The server would find these with the first client that says STARTTLS, and answer 454.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ConfigError
from eximia.base.template import Template

if TYPE_CHECKING:
    from eximia.config.binding import Given
    from eximia.config.main import MainOptions

CIPHERS = frozenset({"dane_require_tls_ciphers", "tls_require_ciphers"})
_GNUTLS = re.compile(r"(NORMAL|SECURE\d*|PERFORMANCE|LEGACY|PFS|NONE|SUITEB\d+|@SYSTEM)\b|.*(%|VERS-)")


def check_ciphers(name: str, value: Template, about: str) -> Iterator[ConfigError]:
    """A cipher list that is a constant."""
    from eximia.tls.binding import TlsUnavailable
    from eximia.tls.contexts import ClientContext
    from eximia.tls.settings import ClientSettings, TlsConfigError

    text = str(value.text).strip()
    if not value.constant or not text:
        return
    try:
        ClientContext(ClientSettings(ciphers=text))
    except TlsUnavailable:
        return
    except TlsConfigError as error:
        hint = "give a list of OpenSSL's (`openssl ciphers`), or nothing"
        if _GNUTLS.match(text):
            hint = f"this is a priority string of GnuTLS; {hint}"
        yield ConfigError(f"{about}{name}: {error}", value.span, hint)


def check_certificates(main: MainOptions, given: Given) -> Iterator[ConfigError]:
    """The server's certificate and key, when their names are constants."""
    from eximia.tls.binding import TlsUnavailable
    from eximia.tls.contexts import ServerContext
    from eximia.tls.reading import read_files
    from eximia.tls.settings import ServerSettings, TlsConfigError

    certificate, key = main.tls_certificate, main.tls_privatekey
    if certificate is None or not certificate.constant or not certificate.text:
        return
    if key is not None and not key.constant:
        return
    try:
        keys = read_files(key.text, "tls_privatekey") if key is not None else ()
        ServerContext(ServerSettings(certificates=read_files(certificate.text, "tls_certificate"), keys=keys), _ignore)
    except TlsUnavailable as error:
        yield ConfigError(f"tls_certificate: TLS is not available: {error}", certificate.span)
    except TlsConfigError as error:
        span = given.spans.get("tls_certificate", certificate.span)
        yield ConfigError(f"tls_certificate: {error}", span, "until this works STARTTLS is answered with 454")


def _ignore(_text: str) -> None:
    """OCSP responses are not looked at here."""
