"""The three families of drivers, for what treats them alike: loading, `-bP`, macros, the checker."""

from __future__ import annotations

from typing import Any

from eximia.authenticators.options.catalogue import AUTHENTICATOR_OPTIONS
from eximia.authenticators.options.generic import AuthenticatorOptions
from eximia.base.catalogue import Catalogue
from eximia.base.namedtuple import NamedTuple
from eximia.base.options import OptionSet
from eximia.routers.options.catalogue import ROUTER_OPTIONS
from eximia.routers.options.generic import RouterOptions
from eximia.transports.options.catalogue import TRANSPORT_OPTIONS
from eximia.transports.options.generic import TransportOptions


class Family(NamedTuple):
    """`what` is `router`, `transport` or `authenticator`; the section's name is that with an s."""

    what: str
    options: Catalogue[Any]
    generic: type[OptionSet]

    @property
    def section(self) -> str:
        return f"{self.what}s"


AUTHENTICATORS = Family("authenticator", AUTHENTICATOR_OPTIONS, AuthenticatorOptions)
TRANSPORTS = Family("transport", TRANSPORT_OPTIONS, TransportOptions)
ROUTERS = Family("router", ROUTER_OPTIONS, RouterOptions)

FAMILIES = (AUTHENTICATORS, TRANSPORTS, ROUTERS)
