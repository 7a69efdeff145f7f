"""Options of the smtp transport for TLS (manual 30 and 43)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template


class ClientTlsOptions(OptionSet):
    """TLS with the server."""

    dane_require_tls_ciphers: Template | None = option(Kind.EXPAND, "The ciphers we offer when DANE is used.")
    gnutls_compat_mode: bool = option(
        Kind.BOOL,
        "Kept for configurations of GnuTLS builds; without effect.",
        default=False,
    )
    hosts_avoid_tls: Template | None = option(Kind.HOST_LIST, "Hosts with which TLS is not used.")
    hosts_nopass_tls: Template | None = option(
        Kind.HOST_LIST,
        "Hosts whose TLS connection is not passed to another process.",
    )
    hosts_noproxy_tls: Template | None = option(Kind.HOST_LIST, "Hosts for which no proxy process is made to keep TLS.")
    hosts_request_ocsp: Template = option(
        Kind.HOST_LIST,
        "Hosts that are asked for an OCSP response.",
        default=Template("*"),
    )
    hosts_require_alpn: Template | None = option(Kind.HOST_LIST, "Hosts that must negotiate a protocol by ALPN.")
    hosts_require_dane: Template | None = option(Kind.HOST_LIST, "Hosts for which DANE is required.")
    hosts_require_ocsp: Template | None = option(Kind.HOST_LIST, "Hosts that must give an OCSP response.")
    hosts_require_tls: Template | None = option(Kind.HOST_LIST, "Hosts with which TLS is required.")
    hosts_try_dane: Template = option(
        Kind.HOST_LIST,
        "Hosts for which DANE is used when there are records.",
        default=Template("*"),
    )
    hosts_verify_avoid_tls: Template | None = option(Kind.HOST_LIST, "Hosts with which callouts do not use TLS.")
    mta_sts_certificates: Template = option(
        Kind.EXPAND,
        "Whom we trust for the hosts that publish MTA-STS policies.",
        own=True,
        default=Template("system"),
        sink=Sink.FILE_NAME,
    )
    mta_sts_domains: Template | None = option(
        Kind.DOMAIN_LIST,
        "Recipients' domains whose MTA-STS policies are obeyed.",
        own=True,
    )
    tls_alpn: Template | None = option(Kind.EXPAND, "The protocol names we offer in ALPN.")
    tls_certificate: Template | None = option(Kind.EXPAND, "The client's certificate.", sink=Sink.FILE_NAME)
    tls_crl: Template | None = option(Kind.EXPAND, "Certificate revocation lists.", sink=Sink.FILE_NAME)
    tls_dh_min_bits: int = option(Kind.INTEGER, "The smallest Diffie-Hellman prime we accept.", default=1024)
    tls_privatekey: Template | None = option(Kind.EXPAND, "The client's private key.", sink=Sink.FILE_NAME)
    tls_require_ciphers: Template | None = option(Kind.EXPAND, "The ciphers we offer.")
    tls_resumption_hosts: Template | None = option(Kind.HOST_LIST, "Hosts with which TLS sessions are resumed.")
    tls_sni: Template | None = option(Kind.EXPAND, "The name we ask for.")
    tls_tempfail_tryclear: bool = option(Kind.BOOL, "If STARTTLS fails for now, go on in clear.", default=True)
    tls_try_verify_hosts: Template = option(
        Kind.HOST_LIST,
        "Hosts whose certificate is checked, not required.",
        default=Template("*"),
    )
    tls_verify_cert_hostnames: Template = option(
        Kind.HOST_LIST,
        "Hosts whose name must be in the certificate.",
        default=Template("*"),
        old_names=("tls_verify_cert_hostname",),
    )
    tls_verify_certificates: Template = option(
        Kind.EXPAND,
        "The certificates theirs are checked against.",
        default=Template("system"),
        sink=Sink.FILE_NAME,
    )
    tls_verify_hosts: Template | None = option(Kind.HOST_LIST, "Hosts whose certificate must verify.")
