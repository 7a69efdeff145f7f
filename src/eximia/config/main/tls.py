"""Main options about TLS on incoming connections (manual 43)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class TlsOptions(OptionSet):
    """The TLS server."""

    gnutls_allow_auto_pkcs11: bool = option(
        Kind.BOOL,
        "Kept for configurations of GnuTLS builds; without effect.",
        default=False,
    )
    gnutls_compat_mode: bool = option(
        Kind.BOOL,
        "Kept for configurations of GnuTLS builds; without effect.",
        default=False,
    )
    openssl_options: Untainted | None = option(Kind.STRING, "OpenSSL options to switch on (+) or off (-).")
    tls_advertise_hosts: Template = option(
        Kind.HOST_LIST,
        "Clients to which STARTTLS is advertised.",
        default=Template("*"),
    )
    tls_alpn: Template = option(
        Kind.STRING_LIST,
        "The protocol names we take part in ALPN with.",
        default=Template("smtp:esmtp"),
    )
    tls_certificate: Template | None = option(Kind.EXPAND, "The server's certificate files.", sink=Sink.FILE_NAME)
    tls_crl: Template | None = option(
        Kind.EXPAND,
        "Certificate revocation lists for clients' certificates.",
        sink=Sink.FILE_NAME,
    )
    tls_dh_max_bits: int = option(Kind.INTEGER, "The largest Diffie-Hellman prime we offer.", default=2236)
    tls_dhparam: Template | None = option(
        Kind.EXPAND,
        "Where Diffie-Hellman parameters come from: a file or a standard name.",
        sink=Sink.FILE_NAME,
    )
    tls_early_banner_hosts: Template | None = option(
        Kind.HOST_LIST,
        "TLS-on-connect clients that get the greeting before the handshake ends.",
    )
    tls_eccurve: Template = option(Kind.EXPAND, "The elliptic curves we offer.", default=Template("auto"))
    tls_ocsp_file: Template | None = option(Kind.EXPAND, "The OCSP responses to staple.", sink=Sink.FILE_NAME)
    tls_on_connect_ports: Template | None = option(Kind.STRING_LIST, "Ports on which TLS starts with the connection.")
    tls_privatekey: Template | None = option(Kind.EXPAND, "The server's private key files.", sink=Sink.FILE_NAME)
    tls_remember_esmtp: bool = option(Kind.BOOL, "After STARTTLS a client need not say EHLO again.", default=False)
    tls_report_sender: Template = option(
        Kind.EXPAND,
        "The sender of the reports that `eximia tls-report` sends.",
        default=Template("do-not-reply@$primary_hostname"),
        own=True,
    )
    tls_reports: bool = option(
        Kind.BOOL,
        "Count how sessions with servers went with TLS, for the reports that `eximia tls-report` sends.",
        default=False,
        own=True,
    )
    tls_require_ciphers: Template | None = option(Kind.EXPAND, "The ciphers we accept.")
    tls_resumption_hosts: Template | None = option(Kind.HOST_LIST, "Clients whose TLS sessions may be resumed.")
    tls_try_verify_hosts: Template | None = option(
        Kind.HOST_LIST,
        "Clients whose certificate is asked for and checked, not required.",
    )
    tls_verify_certificates: Template = option(
        Kind.EXPAND,
        "The certificates clients' certificates are checked against.",
        default=Template("system"),
        sink=Sink.FILE_NAME,
    )
    tls_verify_hosts: Template | None = option(Kind.HOST_LIST, "Clients that must have a certificate that verifies.")
