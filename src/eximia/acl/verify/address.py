"""Verifying one address: routing, then a callout (manual 44.45). The quota check is in `quota`."""

from __future__ import annotations

from eximia.acl.run import Run
from eximia.base.dataclass import dataclass
from eximia.context.verification import Verified

from .options import AddressOptions


@dataclass(slots=True)
class Verdict:
    """`result` is "ok", "fail" or "defer"; `log` and `user` say why; `kind` is the word of
    $sender_verify_failure."""

    result: str
    log: str = ""
    user: str = ""
    kind: str = ""
    address_data: str = ""
    #: a callout was made, or its result taken from the cache
    called: bool = False
    #: the server has said that it takes the address, now or when the cache learned of it
    accepted: bool = False
    #: it deferred, and `defer_ok` made it a success
    forgiven: bool = False
    #: the server's temporary refusal of the recipient
    reply: str = ""
    #: the routers gave no text that was written for the peer
    reticent: bool = False


def verify_address(one: Run, address: str, kind: str, options: AddressOptions, *, rewrite: bool = True) -> Verdict:
    """Route `address` ("sender" or "recipient" for `kind`), and call its hosts if the options say so. What defers is
    success where `defer_ok` stands. Without `rewrite` the rewriting rules have been applied already."""
    ctx = one.ctx
    routed = ctx.process.services.verify.verify(
        ctx, address, kind, success_on_redirect=options.success_on_redirect, rewrite=rewrite
    )
    log = routed.cause or routed.message
    verdict = Verdict(routed.result, log, routed.user_message or routed.message, routed.failure, routed.address_data)
    verdict.reticent = routed.failure == "route" and not routed.user_message
    if verdict.result == "ok" and not (options.success_on_redirect and len(routed.routed) != 1):
        _check_further(one, address, kind, options, routed, verdict)
    if verdict.result == "defer" and options.defer_ok:
        verdict.result = "ok"
        verdict.forgiven = True
    return verdict


def say_end(one: Run, verdict: Verdict) -> None:
    """The commentary after an envelope address was verified."""
    one.say("----------- end verify ------------")
    if verdict.forgiven:
        one.say("verify defer overridden by defer_ok")


def _check_further(
    one: Run, address: str, kind: str, options: AddressOptions, routed: Verified, verdict: Verdict
) -> None:
    if len(routed.routed) != 1 or options.callout is None:
        return
    target = routed.routed[0]
    if is_remote(target):
        from .callout import call_out

        call_out(one, address, kind, options.callout, target, verdict)


def is_remote(target: object) -> bool:
    """Hosts were found, or the transport has hosts of its own."""
    if getattr(target, "hosts", None):
        return True
    transport = getattr(target, "transport", None)
    options = getattr(transport, "options", None)
    return getattr(options, "hosts", None) is not None
