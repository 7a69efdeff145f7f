"""DomainKeys signatures of the smtp transport (features row 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.pattern import pattern
from eximia.base.text import Untainted
from eximia.mailauth.domainkeys.sign import Signer, Signing
from eximia.mailauth.domainkeys.signature import CANONS, find_sender

from .failing import Unsigned, settle, value
from .keys import NONE, KeyUnusable, private_key

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.mailauth.fields import Fields


_PLAIN = pattern(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


class DomainKeysSigning(Signing):
    """The signature of one message on its way to one host."""

    @classmethod
    def begin(cls, ctx: Context, options: Any, fields: Fields) -> DomainKeysSigning | None:
        """Expand the options; None when nothing is to be signed. Raises Failure."""
        if options.dk_private_key is None or options.dk_selector is None:
            return None
        saved = ctx.address.signing
        ctx.address.signing = {}
        try:
            signer = _signer(ctx, options, fields)
            return None if signer is None else cls(fields, signer)
        except Unsigned as unsigned:
            settle(ctx, options.dk_strict, unsigned, name="DK", option="dk_strict")
        except ValueError as error:
            why = f"DK: signing failed: {error}"
            ctx.process.log.panic(why, ctx.message.id)
            settle(ctx, options.dk_strict, Unsigned(why), name="DK", option="dk_strict")
        finally:
            ctx.address.signing = saved
        return None


def _signer(ctx: Context, options: Any, fields: Fields) -> Signer | None:
    domain = find_sender(fields).domain
    if _PLAIN.fullmatch(domain) is not None:
        # It comes from a header line, yet files are named after it ("/etc/keys/$dk_domain"); with nothing but letters,
        # digits, hyphens and single dots in it, it names no other.
        domain = Untainted(domain)
    if options.dk_domain is not None:
        domain = value(ctx, options.dk_domain, "dk_domain")
    if not domain:
        return None
    signing: dict[str, str] = {"dk_domain": domain}
    ctx.address.signing = signing
    selector = value(ctx, options.dk_selector, "dk_selector")
    if not selector:
        return None
    signing["dk_selector"] = selector
    text = value(ctx, options.dk_private_key, "dk_private_key")
    if text in NONE:
        return None
    canon = value(ctx, options.dk_canon, "dk_canon") or "simple"
    if canon not in CANONS:
        ctx.process.log.main(f"DK: unknown canonicalization method '{canon}', defaulting to 'simple'.", ctx.message.id)
        canon = "simple"
    try:
        key = private_key(ctx, text)
    except KeyUnusable as error:
        for line in error.lines:
            ctx.process.log.panic(line.replace("DKIM:", "DK:"), ctx.message.id)
        raise Unsigned(error.why) from error
    return Signer(domain, selector, key, canon)
