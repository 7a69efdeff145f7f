"""Matching a subject against a list: what policy calls.

`source` is an option's Template (expanded as one string first, manual 10.1), a list that was expanded already, or
None for an option that is not set, which matches nothing. A match has the data of manual 10.5; `$0`, `$1`... are set
where the manual says so. What cannot be decided now raises Defer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer, ExpansionError, LookupDefer
from eximia.base.template import ONE_ITEM, Template

from .address import ADDRESSES
from .commentary import explain, wanted
from .domain import DOMAINS, LOCAL_PARTS, NameKind
from .host import ADDRESSES_ONLY, HOSTS
from .items.addresses import AddressSubject
from .items.hosts import AddressOnly, HostSubject
from .kind import trouble
from .match import PLAIN, BrokenLookup, Match

if TYPE_CHECKING:
    from eximia.context import Context

Source = Template | str | None


def _undecided(error: ExpansionError) -> Defer:
    """What a lookup's failure means for the list: what defers may be decided later, the rest is broken."""
    return Defer(error.message) if isinstance(error, LookupDefer) else BrokenLookup(error.message)


def _match_name(
    kind: NameKind, source: Source, subject: str, ctx: Context, *, caseful: bool, label: str = ""
) -> Match | None:
    if source is None:
        return None
    numbers = [subject if caseful else subject.lower()]
    try:
        if ctx.process.trace is not None and wanted(ctx):
            outcome = explain(kind, source, subject, ctx, numbers, caseful=caseful, label=label)
        else:
            outcome = kind.ready(source, ctx, caseful=caseful).match(subject, ctx, numbers)
    except ExpansionError as error:
        raise _undecided(error) from None
    # A list that ends with a negative item matches without having looked at the subject's parts.
    if outcome is not None and outcome is not PLAIN:
        ctx.scope.numeric = tuple(numbers)
    return outcome


def match_domain(source: Source, domain: str, ctx: Context, label: str = "") -> Match | None:
    """Is `domain` in a domain list? Case never counts. `label`: the option's name, for commentary."""
    return _match_name(DOMAINS, source, domain, ctx, caseful=False, label=label)


def match_local_part(source: Source, local_part: str, ctx: Context, *, caseful: bool = False) -> Match | None:
    """Is `local_part` in a local part list? With `caseful` case counts from the start."""
    return _match_name(LOCAL_PARTS, source, local_part, ctx, caseful=caseful)


def match_address(
    source: Source, address: str, ctx: Context, *, caseful: bool = False, numbers: list[str] | None = None
) -> Match | None:
    """Is `address` (empty for a bounce's sender) in an address list?

    `numbers`, when given, receives what the asterisks, captures and partial lookups of the pattern stand for
    (manual 31.5).
    """
    if source is None:
        return None
    subject = AddressSubject.of(address)
    captured: list[str] = []
    try:
        if ctx.process.trace is not None and wanted(ctx):
            outcome = explain(ADDRESSES, source, subject, ctx, captured, caseful=caseful)
        else:
            outcome = ADDRESSES.ready(source, ctx, caseful=caseful).match(subject, ctx, captured)
    except ExpansionError as error:
        raise Defer(error.message) from error
    if numbers is not None:
        numbers += captured
    if subject.domain is None and address:
        text = (source.text if isinstance(source, Template) else source).removeprefix(ONE_ITEM)
        trouble(ctx, f'no @ found in the subject of an address list match: subject="{address}" pattern="{text}"')
    return outcome


def match_host(
    source: Source, ctx: Context, address: str | None = None, name: str | None = None, label: str = ""
) -> Match | None:
    """Is a host in a host list? By default the session's client; else the host with this `address` and `name` (None:
    the name is looked up when an item wants it). `label`: the option's name, for commentary."""
    if source is None:
        return None
    if address is None:
        address = ctx.session.sender_host_address
    subject = HostSubject(address, None if name is None else (name,))
    try:
        if ctx.process.trace is not None and wanted(ctx):
            return explain(HOSTS, source, subject, ctx, [], label=label)
        return HOSTS.ready(source, ctx).match(subject, ctx, [])
    except ExpansionError as error:
        raise _undecided(error) from None


def match_ip(source: Source, address: str, ctx: Context) -> Match | None:
    """The condition `match_ip`: a host list without names (manual 11.7)."""
    if source is None:
        return None
    try:
        return ADDRESSES_ONLY.ready(source, ctx).match(AddressOnly(address), ctx, [])
    except ExpansionError as error:
        raise Defer(error.message) from None
