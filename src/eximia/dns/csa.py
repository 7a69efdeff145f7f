"""Client SMTP Authorization records (manual 44.52): what a domain says about its mail clients."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from eximia.base.namedtuple import NamedTuple

from .answer import Status
from .lookup import lookup
from .names import reverse_name
from .records import Srv

if TYPE_CHECKING:
    from eximia.context import Context

_PREFIX = "_client._smtp."


class Verdict(Enum):
    """The authorization codes that `dnsdb` shows."""

    AUTHORIZED = "Y"
    FORBIDDEN = "N"
    EXPLICIT = "X"  #: a parent wants all its subdomains authorized by name, and this one is not
    UNKNOWN = "?"


class Csa(NamedTuple):
    """A record: the verdict and the target whose addresses the client must have."""

    verdict: Verdict
    target: str


def query_domain(ctx: Context, domain: str) -> str:
    """The domain to ask for: address literals and addresses go to the reverse tree, unless that is switched off."""
    address = domain
    if domain.startswith("[") and domain.endswith("]"):
        address = domain[1:-1]
        if address[:5].lower() == "ipv6:":
            address = address[5:]
    reverse = reverse_name(address) if ctx.process.main.dns_csa_use_reverse else None
    return reverse or domain


def find_csa(ctx: Context, domain: str) -> tuple[Status, Csa | None]:
    """Look for the record of `domain`, then of its parents (`dns_csa_search_limit`), never of a top level domain."""
    name = query_domain(ctx, domain)
    answer = lookup(ctx, _PREFIX + name, "SRV")
    if answer.status is Status.FOUND:
        record = _first(answer.records)
        return (Status.FOUND, _own(record)) if record is not None else (Status.NODATA, None)
    if answer.status is Status.AGAIN:
        return Status.AGAIN, None
    labels = name.split(".")[1:]
    # The search begins at the shortest parent within the limit, for that is where assertions stand.
    parents = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    for parent in parents[-ctx.process.main.dns_csa_search_limit :] if parents else ():
        answer = lookup(ctx, _PREFIX + parent, "SRV")
        if answer.status is Status.AGAIN:
            return Status.AGAIN, None
        if answer.status is Status.FOUND:
            record = _first(answer.records)
            if record is not None and record.port & 1:
                return Status.FOUND, Csa(Verdict.EXPLICIT, record.target)
            return Status.NODATA, None
    return Status.NXDOMAIN, None


def _first(records: tuple[Srv, ...]) -> Srv | None:
    """The record to use: version 1 is all there is."""
    for record in records:
        if record.priority == 1:
            return record
    return None


def _own(record: Srv) -> Csa:
    """What a domain's own record says: weight 1 forbids, 2 authorizes, 3 says nothing."""
    verdict = {1: Verdict.FORBIDDEN, 2: Verdict.AUTHORIZED}.get(record.weight, Verdict.UNKNOWN)
    return Csa(verdict, record.target)
