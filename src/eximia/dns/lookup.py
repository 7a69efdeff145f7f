"""Questions as Exim asks them: the checks and options of the main section around the resolver port.

`dns_check_names_pattern`, `dns_again_means_nonexist`, `dns_trust_aa`, `slow_lookup_log` (manual 14), widening of names
(manual 17).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eximia.base.dataclass import replace
from eximia.base.errors import ExpansionError
from eximia.base.namedtuple import NamedTuple
from eximia.message.idna import domain_to_alabel

from .answer import CNAME_LOOP, Answer, Status, nonexistent
from .names import BadName, split_labels
from .resolv_conf import ResolverSettings, candidates, system_settings

if TYPE_CHECKING:
    from eximia.context import Context

#: Types whose owners are no host names, so that their characters are not checked.
_UNCHECKED = frozenset({"TXT", "PTR"})


def settings_of(ctx: Context) -> ResolverSettings:
    """The system's settings as they were when the process first asked."""
    settings = ctx.process.caches.get("dns.settings")
    if settings is None:
        settings = ctx.process.caches["dns.settings"] = system_settings()
    assert isinstance(settings, ResolverSettings)
    return settings


#: why there is no answer, in the words of the event `dns:fail`
_REASONS = {
    Status.NODATA: "DNS_NODATA",
    Status.NXDOMAIN: "DNS_NOMATCH",
    Status.AGAIN: "DNS_AGAIN",
    Status.FAIL: "DNS_FAIL",
}


class Timing(NamedTuple):
    """How long one server is waited for (seconds) and how often all are asked; 0: as the main options say."""

    timeout: float = 0
    attempts: int = 0


USUAL = Timing()


def lookup(
    ctx: Context,
    name: str,
    rtype: str,
    *,
    qualify_single: bool = False,
    search_parents: bool = False,
    timing: Timing = USUAL,
) -> Answer:
    """Ask for `name` and `rtype` ("A", "MX", ...). Never raises: what cannot be asked does not exist.

    With the two options the name is widened as the resolver's search list says; `Answer.name` tells what was found.
    """
    if not (qualify_single or search_parents):
        return _ask(ctx, name, rtype, timing)
    answer = nonexistent(name)
    for candidate in candidates(name, settings_of(ctx), qualify_single=qualify_single, search_parents=search_parents):
        found = _ask(ctx, candidate, rtype, timing)
        if found.status is Status.FOUND or found.status is Status.AGAIN:
            return found
        if answer.status is not Status.NODATA:
            answer = found
    return answer


def lookup_all(ctx: Context, questions: Sequence[tuple[str, str]]) -> list[Answer]:
    """Ask several questions (name, type) side by side; the answers are in their order."""
    tasks = [ctx.process.ports.spawn(_ask, ctx, name, rtype) for name, rtype in questions]
    return [task.join() for task in tasks]


def _ask(ctx: Context, name: str, rtype: str, timing: Timing = USUAL) -> Answer:
    main = ctx.process.main
    services = ctx.process.services
    pattern = main.dns_check_names_pattern
    try:
        if not name.isascii():
            name = domain_to_alabel(name)
        split_labels(name)
        if pattern and rtype not in _UNCHECKED and services.regexes.search(pattern, name) is None:
            return nonexistent(name)
    except (BadName, ExpansionError, ValueError):
        return nonexistent(name)
    slow: int = main.slow_lookup_log
    answer = _timed(ctx, name, rtype, timing, slow) if slow else _query(ctx, name, rtype, timing)
    if answer.why is CNAME_LOOP:
        ctx.process.log.main(f"CNAME loop for {name} encountered", ctx.message.id)
    if answer.status is Status.AGAIN and rtype != "TLSA":
        again = main.dns_again_means_nonexist
        if again is not None and services.lists.contains(ctx, "domain", again, name.removesuffix(".")):
            answer = nonexistent(name)
    if answer.status is not Status.FOUND:
        if main.event_action is not None:
            _tell(ctx, answer, name, rtype)
    elif answer.authority and not answer.secure:
        trusted = main.dns_trust_aa
        if trusted is not None and services.lists.contains(ctx, "domain", trusted, answer.authority):
            return replace(answer, secure=True)
    return answer


def _tell(ctx: Context, answer: Answer, name: str, rtype: str) -> None:
    """The event `dns:fail`; not for what its own action asks."""
    if ctx.address.event_name != "dns:fail":
        data = f"{_REASONS[answer.status]}:{name}:{rtype}"
        ctx.process.services.event(ctx, "dns:fail", data, ctx.process.main.event_action)


def _query(ctx: Context, name: str, rtype: str, timing: Timing) -> Answer:
    resolver = ctx.process.ports.resolver
    if timing is USUAL:
        return resolver.query(name, rtype)
    return resolver.query(name, rtype, timeout=timing.timeout, attempts=timing.attempts)


def _timed(ctx: Context, name: str, rtype: str, timing: Timing, slow: int) -> Answer:
    """Ask, and log when that takes more than `slow` milliseconds (`slow_lookup_log`, manual 14)."""
    ports = ctx.process.ports
    began = ports.clock.monotonic()
    answer = _query(ctx, name, rtype, timing)
    took = int((ports.clock.monotonic() - began) * 1000)
    if took > slow:
        ctx.process.log.main(f"Long {rtype} lookup for '{name}': {took} msec", ctx.message.id)
    return answer
