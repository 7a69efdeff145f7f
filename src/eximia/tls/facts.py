"""What the program tells of a TLS connection: `$tls_in_*` and `$tls_out_*` (manual 11.9)."""

from __future__ import annotations

from eximia.context.session import TlsFacts

from .engine import Chain, Engine


def facts_of(engine: Engine, *, on_connect: bool = False) -> TlsFacts:
    """After the handshake."""
    suite, verified, ocsp, resumption, has_peer, named, ours = engine.outcome()
    return TlsFacts(
        version=suite.version,
        cipher=suite.cipher,
        cipher_std=suite.standard,
        bits=suite.bits,
        certificate_verified=verified,
        peerdn=engine.subject(Chain.SENT) if has_peer else "",
        sni=engine.text("server_name") if named else "",
        ocsp=ocsp,
        resumption=resumption,
        channel_binding=engine.channel_binding,
        our_certificate=ours,
        peer_certificate=engine.certificate(Chain.SENT) if has_peer else b"",
        on_connect=on_connect,
    )
