"""The transport drivers by name."""

from __future__ import annotations

from typing import Any

from eximia.base.catalogue import Catalogue

DRIVERS: Catalogue[Any] = Catalogue(
    "transport driver",
    {
        "smtp": "eximia.transports.smtp.driver:Smtp",
    },
)
