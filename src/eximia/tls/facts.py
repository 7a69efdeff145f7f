"""What the program tells of a TLS connection: `$tls_in_*` and `$tls_out_*` (manual 11.9)."""

from __future__ import annotations

from eximia.base.text import Untainted
from eximia.context.session import TlsFacts

from .engine import Chain, Engine


def version_of(engine: Engine) -> str:
    """`TLS1.3`: the library's name without its `v`."""
    return engine.text("version").replace("TLSv", "TLS") + ("" if "." in engine.text("version") else ".0")


def facts_of(engine: Engine, *, on_connect: bool = False) -> TlsFacts:
    """After the handshake."""
    version = version_of(engine)
    cipher = engine.text("cipher")
    bits = engine.number("bits")
    return TlsFacts(
        version=Untainted(version),
        cipher=Untainted(f"{version}:{cipher}:{bits}"),
        cipher_std=Untainted(engine.text("cipher_standard")),
        bits=bits,
        certificate_verified=bool(engine.number("verified")),
        peerdn=engine.subject(Chain.SENT),
        ocsp=engine.ocsp()[0],
        resumption=engine.number("resumption_bits"),
        channel_binding=engine.channel_binding(),
        our_certificate=engine.certificate(Chain.OURS),
        peer_certificate=engine.certificate(Chain.SENT),
        on_connect=on_connect,
    )
