"""The transport drivers by name."""

from __future__ import annotations

from typing import Any

from eximia.base.catalogue import Catalogue

DRIVERS: Catalogue[Any] = Catalogue(
    "transport driver",
    {
        "appendfile": "eximia.transports.drivers.appendfile:Appendfile",
        "autoreply": "eximia.transports.drivers.autoreply:Autoreply",
        "lmtp": "eximia.transports.drivers.lmtp:Lmtp",
        "pipe": "eximia.transports.drivers.pipe:Pipe",
        "queuefile": "eximia.transports.drivers.queuefile:Queuefile",
        "smtp": "eximia.transports.smtp.driver:Smtp",
    },
)
