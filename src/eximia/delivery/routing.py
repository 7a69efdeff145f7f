"""Routing all addresses of a message, children included, until each has a transport or an outcome (manual 3.8, 3.11).

The order in which addresses are taken is Exim's: log lines and bounces show it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import Defer
from eximia.base.pattern import pattern
from eximia.base.text import lower
from eximia.context import Address, Errno, Kind, Outcome, Result
from eximia.lists import match_domain
from eximia.routers.engine import route_address, split_for
from eximia.routers.result import Mode, Verdict
from eximia.transports.engine import is_local

from .outcomes import note_deferred, note_delivered, note_discarded, note_failed, note_not_yet
from .results import deferral, failure
from .retrying import last_routing_error, routing_is_due, routing_retry

if TYPE_CHECKING:
    from .attempt import Attempt


def route_all(attempt: Attempt) -> None:
    """Empty `attempt.new`, filling `local`, `remote` and the lists of outcomes."""
    copies: dict[str, Address] = {}
    specials: dict[str, Address] = {}
    settings = attempt.settings
    while attempt.new:
        # Each round takes the latest first, and puts the children of later ones before those of earlier ones.
        taken = _take(attempt, specials)
        if not settings.queue_run:
            taken.reverse()
        batch = [address for address in taken if not _waits(attempt, address)]
        if settings.queue_run:
            batch.reverse()  # retry times that are not reached have been told of in the order of the addresses
        if attempt.process.main.queue_domains is not None and not (settings.forced or settings.queue_run):
            batch.reverse()  # Exim sorts them out into another list
        for address in batch:
            _route(attempt, address, copies)
    attempt.local = _without_duplicates(attempt, attempt.local)
    attempt.remote = _without_duplicates(attempt, attempt.remote)


def _take(attempt: Attempt, specials: dict[str, Address]) -> list[Address]:
    """The addresses to route now; pipes, files and replies go to their transports, done ones are dropped."""
    taken: list[Address] = []
    new, attempt.new = attempt.new, []
    done = attempt.message.nonrecipients
    for address in new:
        if address.is_special:
            _place_special(attempt, address, specials)
            continue
        if not address.domain:
            split_for(attempt.ctx, address)
        if done and address.unique in done:
            attempt.progress.done(address)
            continue
        address.split_for_routing = True
        if address.outcome is not None and address.outcome.errno == Errno.LIST_DEFER:
            note_deferred(attempt, address)
            continue
        if _held_back(attempt, address):
            continue
        taken.append(address)
    return taken


def _place_special(attempt: Attempt, address: Address, specials: dict[str, Address]) -> None:
    """A pipe, file, directory or reply. Of several that are the same the first counts; of addresses it is the last."""
    if address.unique in attempt.message.nonrecipients:
        attempt.progress.done(address)
    elif address.kind is Kind.FILE and address.address == "/dev/null" and not address.forbidden:
        address.outcome = Outcome(Result.DELIVERED)
        note_delivered(attempt, address, bypassed=True)
    elif address.forbidden:
        for earlier in attempt.failed:
            if earlier.forbidden and earlier.unique == address.unique:
                earlier.duplicates.append(address)
                return
        address.outcome = failure(address.forbidden, silent=True, pass_message=False)
        note_failed(attempt, address)
    elif address.setup_error:
        address.outcome = deferral(address.setup_error, Errno.EXPAND_FAIL)
        note_deferred(attempt, address)
    elif address.unique in specials:
        specials[address.unique].duplicates.append(address)
    else:
        specials[address.unique] = address
        attempt.local.append(address)


def _held_back(attempt: Attempt, address: Address) -> bool:
    """hold_domains; True when the address waits. All held addresses are told of before the others are looked at."""
    if attempt.settings.forced:
        return False
    main = attempt.process.main
    try:
        if main.hold_domains is not None and match_domain(main.hold_domains, address.domain, attempt.ctx) is not None:
            address.outcome = deferral("domain is held", Errno.HELD)
            note_deferred(attempt, address)
            return True
    except Defer as error:
        address.outcome = deferral(_unanswered("hold_domains", error), Errno.LIST_DEFER)
        note_deferred(attempt, address)
        return True
    return False


def _unanswered(option: str, error: Defer) -> str:
    return f"{option} lookup deferred" + (f": {error.message}" if error.message else "")


def _waits(attempt: Attempt, address: Address) -> bool:
    """queue_domains, and retry times that are not reached; True when the address waits."""
    settings = attempt.settings
    if settings.forced:
        return False
    main = attempt.process.main
    try:
        if (
            main.queue_domains is not None
            and not settings.queue_run
            and match_domain(main.queue_domains, address.domain, attempt.ctx) is not None
        ):
            note_not_yet(attempt, address, Errno.QUEUED_DOMAIN, "domain is in queue_domains")
            return True
    except Defer as error:
        note_not_yet(attempt, address, Errno.LIST_DEFER, _unanswered("queue_domains", error))
        return True
    if settings.queue_run and not routing_is_due(attempt, address):
        before = last_routing_error(attempt, address)
        note_not_yet(attempt, address, Errno.RETRY_ROUTING, "retry time not reached", before=before)
        return True
    return False


def _route(attempt: Attempt, address: Address, copies: dict[str, Address]) -> None:
    """One address through the routers."""
    like = copies.get(address.domain) if copies else None
    if like is not None and address.start_router is None:
        _copy_routing(address, like)
        attempt.remote.append(address)
        return
    routed = route_address(attempt.ctx, address, Mode.DELIVER)
    if routed.children:
        _number_one_time(attempt, address, routed.children)
        # The children of the address routed last come first in the next round.
        attempt.new[:0] = routed.children
    verdict = routed.verdict
    if verdict is Verdict.ACCEPTED:
        if address.parent is not None and _is_done(attempt, address):
            attempt.progress.done(address)
        elif is_local(address.transport):
            attempt.local.append(address)
        else:
            attempt.remote.append(address)
            if getattr(address.router.options, "same_domain_copy_routing", False) and _plain(address):
                copies[address.domain] = address
    elif verdict is Verdict.FAILED:
        note_failed(attempt, address, routing=True)
    elif verdict is Verdict.DEFERRED:
        routing_retry(attempt, address)
        note_deferred(attempt, address)
    elif verdict is Verdict.DISCARDED:
        note_discarded(attempt, address)
    elif not routed.children:
        attempt.progress.done(address)
    elif address.dsn_flags:
        from .dsn import note_redirected

        note_redirected(attempt, address)


def _number_one_time(attempt: Attempt, address: Address, children: list[Address]) -> None:
    """Children of a one_time redirection remember which envelope recipient they came from."""
    for child in children:
        if child.onetime_parent == -2:
            child.onetime_parent = _index_of(attempt, address.top)


def _index_of(attempt: Attempt, top: Address) -> int:
    for index, recipient in enumerate(attempt.message.recipients):
        if recipient.address == top.address:
            return index
    return -1


def _plain(address: Address) -> bool:
    """True when the routing of this address may be used for others of its domain."""
    return not address.headers_add and not address.headers_remove and address.parent is None


_COPIED = (
    "router",
    "transport",
    "hosts",
    "fallback_hosts",
    "local_host_removed",
    "randomized",
    "errors_address",
    "srs_sender",
    "self_hostname",
    "address_data",
    "variables",
    "uid",
    "gid",
    "user_name",
    "initgroups",
    "log_as_local",
    "disable_logging",
    "dsn_lasthop",
    "domain_data",
)


def _copy_routing(address: Address, like: Address) -> None:
    """`same_domain_copy_routing`: the routing of another address of the domain."""
    for name in _COPIED:
        setattr(address, name, getattr(like, name))
    address.local_part = lower(address.local_part_original)


#: what distinguishes a homonym until it has a transport
_NUMBERED = pattern(r"\\[0-9]+\\")


def _is_done(attempt: Attempt, address: Address) -> bool:
    """A child with the address of an ancestor is known by address and transport once it has one (`a@b/transport`), what
    an `unseen` router took by address and router: routing had to tell whether they were delivered before."""
    if _NUMBERED.match(address.unique):
        address.unique = f"{_NUMBERED.sub('', address.unique)}/{address.transport.name}"
    return address.unique in attempt.message.nonrecipients


def _without_duplicates(attempt: Attempt, addresses: list[Address]) -> list[Address]:
    """The addresses in the order in which they will be delivered (the latest first), each but once."""
    if len(addresses) == 1:
        return addresses
    kept: list[Address] = []
    seen: dict[Any, Address] = {}
    for address in reversed(addresses):
        first = seen.get(address.unique)
        if first is None:
            seen[address.unique] = address
            kept.append(address)
        else:
            first.duplicates.append(address)
    return kept
