"""Router drivers, by the name in `driver =`, and where their options are declared."""

from __future__ import annotations

from eximia.base.catalogue import Catalogue

from .generic import RouterOptions

_PACKAGE = "eximia.routers.options"

ROUTER_OPTIONS: Catalogue[type[RouterOptions]] = Catalogue(
    "router driver",
    {
        "accept": f"{_PACKAGE}.accept:AcceptOptions",
        "dnslookup": f"{_PACKAGE}.dnslookup:DnslookupOptions",
        "ipliteral": f"{_PACKAGE}.ipliteral:IpliteralOptions",
        "iplookup": f"{_PACKAGE}.iplookup:IplookupOptions",
        "manualroute": f"{_PACKAGE}.manualroute:ManualrouteOptions",
        "queryprogram": f"{_PACKAGE}.queryprogram:QueryprogramOptions",
        "redirect": f"{_PACKAGE}.redirect:RedirectOptions",
    },
)
