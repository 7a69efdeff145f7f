"""Variables of TLS connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import EMPTY, Untainted
from eximia.expand.variables.getters import flag, number, text, trusted

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.expand.nodes import Run


def _side(record: str) -> dict[str, Run]:
    """The variables of one side, without their prefix."""
    return {
        "bits": number(f"{record}.bits"),
        "certificate_verified": flag(f"{record}.certificate_verified"),
        "cipher": trusted(f"{record}.cipher"),
        "cipher_std": trusted(f"{record}.cipher_std"),
        "ocsp": number(f"{record}.ocsp"),
        "peerdn": text(f"{record}.peerdn"),
        "resumption": number(f"{record}.resumption"),
        "sni": text(f"{record}.sni"),
        "ver": trusted(f"{record}.version"),
    }


def _either(name: str) -> Run:
    """A deprecated name: the outbound side while a transport is connected, else the inbound one."""
    inbound, outbound = _IN[name], _OUT[name]

    def run(ctx: Context) -> str:
        return outbound(ctx) if ctx.address.host_address else inbound(ctx)

    return run


def _certificate(path: str) -> Run:
    """A certificate in a place where only its presence counts; elsewhere it has no text of its own."""
    side, _, name = path.partition(".")

    def run(ctx: Context) -> str:
        facts = ctx.session.tls_in if side == "in" else ctx.address.tls_out
        return Untainted("<cert>") if getattr(facts, name) else EMPTY

    return run


_IN, _OUT = _side("session.tls_in"), _side("address.tls_out")

VARIABLES: dict[str, Run] = {
    **{f"tls_in_{name}": run for name, run in _IN.items()},
    **{f"tls_out_{name}": run for name, run in _OUT.items()},
    **{f"tls_{name}": _either(name) for name in ("bits", "certificate_verified", "cipher", "peerdn", "sni")},
    "tls_in_ourcert": _certificate("in.our_certificate"),
    "tls_in_peercert": _certificate("in.peer_certificate"),
    "tls_out_dane": flag("address.tls_out.dane", "yes", "no"),
    "tls_out_ourcert": _certificate("out.our_certificate"),
    "tls_out_peercert": _certificate("out.peer_certificate"),
    "tls_out_tlsa_usage": number("address.tls_out.tlsa_usage"),
}
