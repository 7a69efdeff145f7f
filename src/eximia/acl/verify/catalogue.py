"""What can be verified, by name."""

from __future__ import annotations

from eximia.base.catalogue import Catalogue

from .verifier import Verifier

_P = "eximia.acl.verify."

VERIFIERS: Catalogue[Verifier] = Catalogue(
    "verification",
    {
        "arc": _P + "arc:ARC",
        "certificate": _P + "certificate:CERTIFICATE",
        "csa": _P + "csa:CSA",
        "header_names_ascii": _P + "header_names:HEADER_NAMES_ASCII",
        "header_sender": _P + "header_sender:HEADER_SENDER",
        "header_syntax": _P + "header_syntax:HEADER_SYNTAX",
        "helo": _P + "helo:HELO",
        "not_blind": _P + "not_blind:NOT_BLIND",
        "recipient": _P + "recipient:RECIPIENT",
        "reverse_host_lookup": _P + "reverse_host_lookup:REVERSE_HOST_LOOKUP",
        "sender": _P + "sender:SENDER",
    },
)
