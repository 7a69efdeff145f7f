"""`self`: what to do when the first host turns out to be this one (manual 15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.namedtuple import NamedTuple
from eximia.context import Address, Context

from .children import child_of, rewrite_domain
from .result import Answer, Mode, RouterDefer, RouterFail

if TYPE_CHECKING:
    from .router import RouteCall


class SelfAction(NamedTuple):
    """`what` is freeze, defer, pass, fail, send or reroute; `domain` and `rewrite` belong to reroute."""

    what: str
    domain: str = ""
    rewrite: bool = False


def read_self(text: str) -> SelfAction:
    """Read the option's value, which was checked when the configuration was read."""
    text = text.strip()
    if not text.startswith("reroute:"):
        return SelfAction({"fail_soft": "pass", "fail_hard": "fail"}.get(text, text))
    rest = text[8:].strip()
    rewrite = rest.startswith("rewrite:")
    if rewrite:
        rest = rest[8:].strip()
    return SelfAction("reroute", rest, rewrite)


def apply_self(ctx: Context, address: Address, call: RouteCall, host_name: str, *, by_mx: bool) -> Answer | None:
    """Do what `self` says of a list whose first host is this one. None: go on as if it were not (`send`).
    Raises RouterFail and RouterDefer."""
    action = call.router.self_action
    text = "lowest numbered MX record points to local host" if by_mx else "remote host address is the local host"
    what = action.what
    if what == "send":
        return None
    if what == "pass":
        address.self_hostname = host_name
        ctx.address.self_hostname = host_name
        call.decline_text = text
        return Answer.PASS
    if what == "reroute":
        child = child_of(address, f"{address.local_part_original}@{action.domain}")
        if action.rewrite:
            rewrite_domain(ctx, address.domain, action.domain)
        call.children.append(child)
        return Answer.REROUTED
    if what == "fail":
        raise RouterFail(text, pass_message=True)
    if what == "freeze":
        where = "" if call.mode is Mode.DELIVER else _while(ctx, address, call.mode)
        ctx.process.log.main(f"{text}: {address.domain}{where}", ctx.message.id)
    raise RouterDefer(text, freeze=what == "freeze")


def _while(ctx: Context, address: Address, mode: Mode) -> str:
    """What was being done, when it is not delivery."""
    from eximia.logs.lines.hosts import full_host

    host = full_host(ctx.session, ctx.process.log.selectors)
    if mode.verifying and host:
        return f" (while verifying <{address.address}> from host {host})"
    return f" (while routing <{address.address}>)"
