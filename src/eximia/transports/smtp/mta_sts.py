"""MTA-STS of a recipient's domain: found, fetched over HTTPS, remembered, and what it asks of a session (RFC 8461).

Off unless the transport has `mta_sts_domains`. DANE goes before it (RFC 8461 2). The text of records and policies is
`protocols.mta_sts`.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from eximia.base.errors import Defer, ExpansionError, NetworkError
from eximia.context.delivery import Errno
from eximia.dns import Status
from eximia.dns.hosts import addresses_by_dns
from eximia.dns.lookup import lookup
from eximia.hints.records import StsRecord
from eximia.lists import match_domain
from eximia.protocols.https_get import HttpError, get
from eximia.protocols.mta_sts import MOST_BYTES, PolicyError, StsPolicy, parse_policy, record_id
from eximia.tls import client
from eximia.tls.binding import is_built
from eximia.tls.contexts import options_of
from eximia.tls.settings import ClientSettings
from eximia.transports.strings import expand

from .failure import Failure, Fault

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Host

_NOT_NAMED = "the host is not in the MTA-STS policy of the domain"
_PATH = "/.well-known/mta-sts.txt"
#: seconds for a step of the fetch
_PATIENCE = 30.0
#: after a fetch that failed, seconds until the next (RFC 8461 3.3)
_PAUSE = 300.0


def strictest(ctx: Context, options: Any, domains: Iterable[str]) -> tuple[StsPolicy, ...]:
    """The policies in force for the recipients' domains, those in mode `none` left out."""
    if options.mta_sts_domains is None or not is_built():
        return ()
    found = []
    for domain in sorted(set(domains)):
        try:
            wanted = match_domain(options.mta_sts_domains, domain, ctx) is not None
        except Defer as error:
            raise Failure(f"mta_sts_domains: {error.message}", Errno.UNKNOWN, Fault.LOCAL) from error
        policy = policy_of(ctx, options, domain) if wanted else None
        if policy is not None and policy.mode != "none":
            found.append(policy)
    return tuple(found)


def enforced(ctx: Context) -> bool:
    """Whether a policy asks for a session with a certificate that is checked."""
    return any(policy.mode == "enforce" for policy in ctx.address.mta_sts)


def admit(ctx: Context, host: Host) -> bool:
    """Refuse a host that an enforced policy does not name; False for one that a policy under test does not name.
    Raises Failure."""
    named = True
    for policy in ctx.address.mta_sts:
        if not policy.allows(host.name):
            if policy.mode == "enforce":
                failure = Failure(_NOT_NAMED, Errno.TLS_REQUIRED, Fault.MESSAGE)
                failure.report = "validation-failure"
                raise failure
            note(ctx, host, "the host is not in the policy")
            named = False
    return named


def note(ctx: Context, host: Host, text: str) -> None:
    """What a policy in mode `testing` would have refused."""
    if ctx.process.log is not None:
        ctx.process.log.main(f"H={host.name} [{host.address}] MTA-STS (testing): {text}", ctx.message.id)


def policy_of(ctx: Context, options: Any, domain: str) -> StsPolicy | None:
    """The policy of a domain: the one remembered while its id is unchanged, else fetched anew. None: there is none, or
    none can be had."""
    process = ctx.process
    table = process.hints.sts
    now = process.ports.clock.time()
    known = table.get(domain)
    if known is not None and known.expires < now:
        known = None
    answer = lookup(ctx, f"_mta-sts.{domain}", "TXT")
    found = record_id([record.joined for record in answer.records]) if answer.status is Status.FOUND else None
    if found is None or (known is not None and known.id == found):
        return None if known is None else known.policy
    failed: dict[str, float] = process.caches.setdefault("mta-sts failures", {})
    if failed.get(domain, 0.0) > now:
        return None if known is None else known.policy
    try:
        policy = fetch(ctx, options, domain)
    except PolicyError as error:
        if len(failed) > 10000:
            failed.clear()
        failed[domain] = now + _PAUSE
        if process.log is not None:
            process.log.main(f"MTA-STS: no policy for {domain}: {error}", ctx.message.id)
        return None if known is None else known.policy
    table.put(domain, StsRecord(found, now + policy.max_age, policy))
    return policy


def fetch(ctx: Context, options: Any, domain: str) -> StsPolicy:
    """Get the policy from `https://mta-sts.DOMAIN`. Raises PolicyError."""
    host = f"mta-sts.{domain}"
    net = ctx.process.ports.net
    problem = "the policy host has no address"
    for address in addresses_by_dns(ctx, host).addresses[:4]:
        try:
            stream = net.connect(address, 443, timeout=_PATIENCE, interface="")
        except NetworkError as error:
            problem = f"{host} [{address}]: {error.message}"
            continue
        try:
            return _ask(ctx, options, stream, host)
        except (NetworkError, HttpError) as error:
            problem = f"{host} [{address}]: {error}"
        finally:
            stream.close()
    raise PolicyError(problem)


def _ask(ctx: Context, options: Any, stream: Any, host: str) -> StsPolicy:
    try:
        trust = expand(options.mta_sts_certificates, ctx)
    except ExpansionError as error:
        raise PolicyError(f"failed to expand mta_sts_certificates: {error.message}") from error
    settings = ClientSettings(trust=trust, options=options_of(ctx.process))
    encrypted = client.secure(ctx, stream, host, settings, _PATIENCE)
    answer = get(encrypted, host, _PATH, most=MOST_BYTES, timeout=_PATIENCE)
    if answer.status != 200:
        raise HttpError(f"HTTP status {answer.status}")
    if answer.kind != "text/plain":
        raise HttpError("the policy is not text/plain")
    try:
        return parse_policy(answer.body.decode("ascii"))
    except UnicodeDecodeError:
        raise NetworkError("the policy is not ASCII", errno.EPROTO) from None
