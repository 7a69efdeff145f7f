"""DKIM signatures of the smtp transport (manual 58.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.listtext import split_list
from eximia.mailauth.canon import HASHES, BodyDigests
from eximia.mailauth.dkim.sign import DEFAULT_HEADERS, Signer, Signing

from .failing import Unsigned, settle, value
from .keys import NONE, KeyUnusable, private_key

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.mailauth.fields import Fields

_CANONS = ("relaxed", "simple")


class DkimSigning:
    """The signatures of one message on its way to one host."""

    __slots__ = ("_signings",)

    def __init__(self, signings: list[Signing]) -> None:
        self._signings = signings

    @classmethod
    def begin(cls, ctx: Context, options: Any, fields: Fields, bodies: BodyDigests) -> DkimSigning | None:
        """Expand the options and say what is wanted of the body; None when nothing is to be signed. Raises Failure."""
        if options.dkim_domain is None:
            return None
        signings: list[Signing] = []
        saved = ctx.address.signing
        ctx.address.signing = {}
        try:
            for domain in split_list(value(ctx, options.dkim_domain, "dkim_domain")):
                ctx.address.signing["dkim_domain"] = type(domain)(domain.lower())
                for selector in split_list(value(ctx, options.dkim_selector, "dkim_selector")):
                    if not domain or not selector:
                        continue
                    ctx.address.signing["dkim_selector"] = selector
                    signer = _signer(ctx, options, domain.lower(), selector)
                    if signer is not None:
                        signings.append(_signing(ctx, fields, signer, bodies))
        except Unsigned as unsigned:
            settle(ctx, options.dkim_strict, unsigned, name="DKIM", option="dkim_strict")
            return None
        finally:
            ctx.address.signing = saved
        return cls(signings) if signings else None

    def fields(self) -> list[bytes]:
        """The DKIM-Signature fields; the body is complete."""
        return [signing.field() for signing in self._signings]

    @property
    def names(self) -> str:
        """`domain:selector` of each signature, for the log."""
        return ":".join(f"{each.signer.domain}:{each.signer.selector}" for each in self._signings)


def _signing(ctx: Context, fields: Fields, signer: Signer, bodies: BodyDigests) -> Signing:
    try:
        return Signing(fields, signer, bodies)
    except ValueError as error:
        why = f"DKIM: signing failed: {error}"
        ctx.process.log.panic(why, ctx.message.id)
        raise Unsigned(why) from error


def _signer(ctx: Context, options: Any, domain: str, selector: str) -> Signer | None:
    """One signature's settings, None when it is not to be made. Raises Unsigned."""
    log = ctx.process.log
    canon = value(ctx, options.dkim_canon, "dkim_canon") or "relaxed"
    if canon not in _CANONS:
        log.main(f"DKIM: unknown canonicalization method '{canon}', defaulting to 'relaxed'.", ctx.message.id)
        canon = "relaxed"
    names = DEFAULT_HEADERS
    if options.dkim_sign_headers is not None:
        names = value(ctx, options.dkim_sign_headers, "dkim_sign_headers")
    text = value(ctx, options.dkim_private_key, "dkim_private_key")
    if text in NONE:
        return None
    hash_name = value(ctx, options.dkim_hash, "dkim_hash")
    if hash_name not in HASHES:
        why = f"DKIM: unrecognised hashname '{hash_name}'"
        log.panic(why, ctx.message.id)
        raise Unsigned
    identity = value(ctx, options.dkim_identity, "dkim_identity")
    created = expires = None
    if options.dkim_timestamps is not None:
        offset = value(ctx, options.dkim_timestamps, "dkim_timestamps").strip()
        created = int(ctx.process.ports.clock.time())
        # 0: no expiry.
        if offset.isdigit() and int(offset):
            expires = created + int(offset)
    try:
        key = private_key(ctx, text)
    except KeyUnusable as error:
        for line in error.lines:
            log.panic(line, ctx.message.id)
        raise Unsigned(error.why) from error
    return Signer(domain, selector, key, canon, canon, hash_name, split_list(names), identity, created, expires)
