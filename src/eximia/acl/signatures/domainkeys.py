"""DomainKeys for the message being received, when an ACL asked for it with `control = dk_verify` (features row 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import Untainted
from eximia.mailauth.domainkeys.verify import DomainKeysResult
from eximia.message.authres import pvalue

from .arriving import arriving_of, txt_of

if TYPE_CHECKING:
    from eximia.context import Context

_NOTE = "domainkeys"


def domainkeys_of(ctx: Context) -> DomainKeysResult | None:
    """What was found, None when nobody asked."""
    found: DomainKeysResult | None = ctx.message.notes.get(_NOTE)
    return found


def check_domainkeys(ctx: Context) -> None:
    """Check, and set the variables. The body is complete."""
    arriving = arriving_of(ctx)
    if arriving is None or arriving.domainkeys is None:
        return
    found = arriving.domainkeys.result(txt_of(ctx))
    ctx.message.notes[_NOTE] = found
    sender = found.sender
    ctx.message.variables.update(
        dk_sender=sender.address,
        dk_sender_domain=sender.domain,
        dk_sender_local_part=sender.local_part,
        dk_sender_source=Untainted(sender.source or "0"),
        dk_signsall=_flag(found.signs_all),
        dk_testing=_flag(found.testing),
        dk_is_signed=_flag(found.signed),
        dk_status=Untainted(found.status),
        dk_result=f"{found.status} ({found.detail})" if found.detail else found.status,
    )
    text = found.result
    if found.detail and found.result != "pass":
        text += f" ({found.detail})"
    if found.domain:
        text += f" header.d={pvalue(found.domain)}"
    if sender.source:
        text += f" header.{sender.source}={pvalue(sender.address)}"
    ctx.message.auth_results["domainkeys"] = text


def _flag(value: bool) -> Untainted:
    return Untainted("1" if value else "0")
