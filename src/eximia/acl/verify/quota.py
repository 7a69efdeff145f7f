"""`verify = recipient/quota`: would the recipient's mailbox take the message (manual 44.45, 44.49)?

Answers are kept in the database `callout`. The client is told nothing but what the ACL says itself, as in Exim.
"""

from __future__ import annotations

from eximia.acl.run import Run
from eximia.context.delivery import Errno
from eximia.hints import CalloutAddress

from .address import Verdict, is_remote
from .options import QuotaOptions


def verify_quota(one: Run, address: str, options: QuotaOptions) -> Verdict:
    """Route the recipient `address`, and ask its local transport whether the quota leaves room."""
    known = _cached(one, address, options)
    if known is not None:
        if known:
            return Verdict("ok")
        return Verdict("fail", "Previous (cached) quota verification failure", kind="quota")
    ctx = one.ctx
    routed = ctx.process.services.verify.verify(ctx, address, "recipient", success_on_redirect=False)
    verdict = Verdict(routed.result, routed.message, kind=routed.failure, address_data=routed.address_data)
    if verdict.result != "ok":
        return verdict
    outcome = None
    if len(routed.routed) == 1 and not is_remote(routed.routed[0]):
        outcome = ctx.process.services.mailbox_room(ctx, routed.routed[0])
    if outcome is None:
        _keep(one, address, True, options.positive)
    elif outcome.errno == Errno.QUOTA:
        verdict.result, verdict.log, verdict.kind = "fail", "Over quota", "quota"
        _keep(one, address, False, options.negative)
    else:
        verdict.result, verdict.log, verdict.kind = "defer", outcome.message, "quota"
    return verdict


def _cached(one: Run, address: str, options: QuotaOptions) -> bool | None:
    """What is known and not too old."""
    if not options.positive and not options.negative:
        return None
    found = one.ctx.process.hints.callout_addresses.entry(address)
    if found is None:
        _say(one, f"callout cache: no address record found for {address}")
        return None
    record, written = found
    accepted: bool = record.accepted
    if one.ctx.process.ports.clock.time() - written > (options.positive if accepted else options.negative):
        _say(one, f"callout cache: address record expired for {address}")
        return None
    _say(one, f"callout cache: found address record for {address}")
    _say(one, f"quota cache: address record is {'positive' if accepted else 'negative'}")
    return accepted


def _keep(one: Run, address: str, accepted: bool, seconds: int) -> None:
    if seconds:
        one.ctx.process.hints.callout_addresses.put(address, CalloutAddress(accepted))
        _say(one, f"wrote {'positive' if accepted else 'negative'} quota cache record for {address}")


def _say(one: Run, text: str) -> None:
    if one.debug:
        one.say(text)
