"""What verifying an address comes to (manual 44.45): made by `routers`, asked for by ACLs, VRFY and -bv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass, field

if TYPE_CHECKING:
    from .delivery import Address


@dataclass(slots=True)
class Verified:
    """The routers' verdict on one address, no callout made.

    A redirection to one address has been followed; to several, or with `success_on_redirect`, it has not. `routed`
    holds the addresses where routing stopped: their `hosts` and `transport` are what a callout or a quota check
    needs; empty when nothing is to be called (a redirection to many, `:blackhole:`).
    """

    #: "ok", "fail" (permanent) or "defer" (cannot be decided now)
    result: str
    #: for the log: "Unrouteable address", the text of `:fail:`...
    message: str = ""
    #: for the peer, where it differs
    user_message: str = ""
    #: "qualify" (no domain, and not from an exempted host) or "route"; empty when `result` is "ok"
    failure: str = ""
    #: the last $address_data set on the way, kept for failures too
    address_data: str = ""
    routed: list[Address] = field(default_factory=list)
    #: a router with `unseen` takes a copy as well: `routed` is not all
    copied: bool = False
    #: what a lookup said that routing deferred for; logs of refused commands tell nothing else
    cause: str = ""
    #: the address is thrown away (`:blackhole:`), told to EXPN only
    discarded: bool = False
