"""Verifying addresses with the routers (manual 3.9, 44.45): for ACLs, VRFY, errors_to, and -bv without -v."""

from __future__ import annotations

from eximia.context import Address, Context, Message, Process
from eximia.context.verification import Verified
from eximia.message.address import AddressSyntaxError, parse_address, qualify

from .children import rewritten
from .engine import route_address, split
from .result import Mode, Verdict

#: redirections to one address are followed this far
_DEEPEST = 100


class VerifyService:
    """The verification service of a process."""

    def __init__(self, process: Process | None = None) -> None:
        self.process = process

    def verify(
        self, ctx: Context, address: str, kind: str, *, success_on_redirect: bool = False, rewrite: bool = True
    ) -> Verified:
        """See `base.ports.VerifyService`."""
        if kind != "sender":
            return self._verify(ctx, address, kind, Mode.VERIFY_RECIPIENT, success_on_redirect, rewrite)
        # A sender is verified as the recipient of a bounce: $sender_address is empty for the routers.
        message = ctx.message
        sender, message.sender_address = message.sender_address, ""
        message.notes["verified_sender"] = sender  # still $return_path
        try:
            return self._verify(ctx, address, kind, Mode.VERIFY_SENDER, success_on_redirect, rewrite)
        finally:
            message.sender_address = sender
            message.notes.pop("verified_sender", None)

    def _verify(
        self, ctx: Context, address: str, kind: str, mode: Mode, success_on_redirect: bool, rewrite: bool
    ) -> Verified:
        here = Address(rewritten(ctx, address, kind) if rewrite else address)
        split(here)
        if kind == "expn":
            return _expanded(ctx, here)
        if not here.domain:
            return Verified("fail", "domain missing", failure="qualify")
        data = ""
        copied = False
        for _ in range(_DEEPEST):
            routed = route_address(ctx, here, mode)
            data = here.address_data or data
            verdict = routed.verdict
            outcome = here.outcome
            if verdict in (Verdict.FAILED, Verdict.DEFERRED):
                assert outcome is not None
                return Verified(
                    "fail" if verdict is Verdict.FAILED else "defer",
                    outcome.message,
                    outcome.user_message,
                    "route",
                    data,
                    [here],
                    copied,
                    outcome.cause,
                )
            if verdict is Verdict.DISCARDED:
                return Verified("ok", address_data=data)
            children = routed.children
            if verdict is Verdict.ACCEPTED and not children:
                return Verified("ok", address_data=data, routed=[here], copied=copied)
            # After an `unseen` router the copy that goes on is what counts.
            copied |= verdict is Verdict.ACCEPTED
            if success_on_redirect or len(children) != 1 or children[0].is_special:
                return Verified("ok", address_data=data)
            here = children[0]
        return Verified("defer", "too many redirections", failure="route", address_data=data)


def _expanded(ctx: Context, here: Address) -> Verified:
    """EXPN: what one router makes of an address."""
    routed = route_address(ctx, here, Mode.EXPN)
    if routed.verdict in (Verdict.FAILED, Verdict.DEFERRED):
        assert here.outcome is not None
        kind = "fail" if routed.verdict is Verdict.FAILED else "defer"
        return Verified(kind, here.outcome.message, here.outcome.user_message, "route")
    return Verified("ok", routed=routed.children or [here], discarded=routed.verdict is Verdict.DISCARDED)


def good_errors_address(ctx: Context, text: str) -> str:
    """The address in the value of `errors_to`, with a domain; empty when it does not verify as a recipient of a message
    without sender.

    An address that is just being looked at (errors_to of a router that it passes itself) counts as good.
    """
    try:
        address = parse_address(text).address
    except AddressSyntaxError:
        return ""
    address = qualify(address, str(ctx.process.main.qualify_recipient or ctx.process.main.qualify_domain))
    checked: dict[str, bool] = ctx.message.notes.setdefault("errors_to", {})
    known = checked.get(address)
    if known is not None:
        return address if known else ""
    checked[address] = True
    message = Message(id=ctx.message.id, notes=ctx.message.notes)
    verified = VerifyService().verify(Context(ctx.process, ctx.session, message), address, "recipient")
    checked[address] = verified.result == "ok"
    return address if checked[address] else ""
