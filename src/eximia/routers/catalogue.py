"""The router drivers. Their options are in `options.catalogue`."""

from __future__ import annotations

from eximia.base.catalogue import Catalogue

from .router import Driver

DRIVERS: Catalogue[type[Driver]] = Catalogue(
    "router driver",
    {
        "accept": "eximia.routers.drivers.accept:Accept",
        "dnslookup": "eximia.routers.drivers.dnslookup:Dnslookup",
        "ipliteral": "eximia.routers.drivers.ipliteral:Ipliteral",
        "iplookup": "eximia.routers.drivers.iplookup:Iplookup",
        "manualroute": "eximia.routers.drivers.manualroute:Manualroute",
        "queryprogram": "eximia.routers.drivers.queryprogram:Queryprogram",
        "redirect": "eximia.routers.drivers.redirect:Redirect",
    },
)
