"""`verify = helo`: the name in HELO or EHLO is really the client's (manual 14, helo_verify_hosts; 44.26)."""

from __future__ import annotations

from eximia.acl.run import Run
from eximia.base.errors import Defer
from eximia.context import Context
from eximia.dns.hosts import Outcome, addresses_by_name, find_sender_host_name, normal_address

from .verifier import Request, Verifier


def verify_helo(ctx: Context) -> bool:
    """Whether the name given is an address literal of the client, a name found for its address, or a name that has
    its address. Done once for each HELO; raises Defer when the DNS does not answer. Sets `helo_verified`,
    `helo_verify_failed` and `helo_dnssec`."""
    session = ctx.session
    if not session.sender_host_address:
        return True
    if session.helo_verified or session.helo_verify_failed:
        return session.helo_verified
    name = session.sender_helo_name
    if not name:
        return False
    verified = _is_clients(ctx, name)
    session.helo_verified = verified
    session.helo_verify_failed = not verified
    return verified


def _is_clients(ctx: Context, name: str) -> bool:
    session = ctx.session
    if name.startswith("["):
        literal = name.strip("[]")
        return normal_address(literal.removeprefix("IPv6:")) == normal_address(session.sender_host_address)
    if not session.sender_host_name:
        find_sender_host_name(ctx)
        # As with Exim, a name that was found only for this is not shown before the next greeting.
        session.notes["name_found_by_helo"] = bool(session.sender_host_name)
    wanted = name.lower().rstrip(".")
    if wanted in {known.lower() for known in (session.sender_host_name, *session.sender_host_aliases) if known}:
        session.helo_dnssec = session.sender_host_dnssec
        if ctx.process.trace is not None:
            ctx.process.trace.debug("host_lookup", "matched host name")
        return True
    if normal_address(name):
        # An address without brackets is no literal, and no name that could be looked up.
        return False
    found = addresses_by_name(ctx, name)
    if session.sender_host_address in found.addresses:
        session.helo_dnssec = found.secure
        return True
    if found.outcome is Outcome.AGAIN or session.host_lookup_deferred:
        raise Defer("")
    return False


def _check(one: Run, _request: Request) -> bool:
    session = one.ctx.session
    if one.debug and session.sender_helo_name and not (session.helo_verified or session.helo_verify_failed):
        one.say(f'verifying EHLO/HELO argument "{session.sender_helo_name}"')
    return verify_helo(one.ctx)


HELO = Verifier(_check)
