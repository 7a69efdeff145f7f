"""Transport drivers, by the name in `driver =`, and where their options are declared."""

from __future__ import annotations

from eximia.base.catalogue import Catalogue

from .generic import TransportOptions

_PACKAGE = "eximia.transports.options"

TRANSPORT_OPTIONS: Catalogue[type[TransportOptions]] = Catalogue(
    "transport driver",
    {
        "appendfile": f"{_PACKAGE}.appendfile:AppendfileOptions",
        "autoreply": f"{_PACKAGE}.autoreply:AutoreplyOptions",
        "lmtp": f"{_PACKAGE}.lmtp:LmtpOptions",
        "pipe": f"{_PACKAGE}.pipe:PipeOptions",
        "queuefile": f"{_PACKAGE}.queuefile:QueuefileOptions",
        "smtp": f"{_PACKAGE}.smtp:SmtpTransportOptions",
    },
)
