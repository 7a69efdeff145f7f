"""ARC sets of the smtp transport: `arc_sign = admd : selector : key [: options]` (features row 9)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.listtext import split_list
from eximia.dns.lookup import lookup
from eximia.mailauth.arc.chain import read_chain
from eximia.mailauth.arc.seal import Sealer, SealError, Sealing, may_seal, own_results
from eximia.mailauth.arc.verify import Verification
from eximia.mailauth.dkim.policy import DEFAULT
from eximia.mailauth.fields import Fields
from eximia.mailauth.txt import asking
from eximia.transports.strings import expand

from .keys import KeyUnusable, private_key

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.mailauth.canon import BodyDigests

_MONTH = 30 * 24 * 3600
_ARC_RESULT = re.compile(rb"(?:^|;)\s*arc\s*=\s*(none|pass|fail)\b", re.IGNORECASE)


class ArcSigning:
    """The set of one message on its way to one host."""

    __slots__ = ("_bodies", "_ctx", "_cv", "_results", "_sealer", "_verification")

    def __init__(self, ctx: Context, sealer: Sealer, results: bytes, bodies: BodyDigests) -> None:
        self._ctx = ctx
        self._sealer = sealer
        self._results = results
        self._bodies = bodies
        self._cv = ""
        self._verification: Verification | None = None

    @classmethod
    def begin(cls, ctx: Context, options: Any, fields: Fields, bodies: BodyDigests) -> ArcSigning | None:
        """Expand the option and say what is wanted of the body; None when the message goes without, which is logged
        unless the option says so. Never raises."""
        if options.arc_sign is None:
            return None
        sealer = _sealer(ctx, options)
        if sealer is None:
            return None
        chain = read_chain(fields)
        if not may_seal(chain):
            # RFC 8617 section 5.1: nothing is added to what has failed.
            return None
        results = own_results(fields, sealer.authserv_id)
        if results is None:
            ctx.process.log.main("ARC: no Authentication-Results header for signing", ctx.message.id)
            return None
        made = cls(ctx, sealer, results, bodies)
        bodies.want("relaxed", "sha256")
        if chain.sets:
            # What was found on arrival counts, since the message may have been changed here.
            told = _ARC_RESULT.search(results)
            if told is not None:
                made._cv = told[1].decode().lower()
            if made._cv not in ("pass", "fail"):
                made._verification = Verification(fields, DEFAULT, bodies, share=True)
        return made

    def fields(self, header: list[bytes]) -> list[bytes]:
        """The set for a message with this header; the body is complete."""
        if self._verification is not None:
            ctx = self._ctx
            found = self._verification.result(asking(lambda name, rtype: lookup(ctx, name, rtype)))
            if found.temporary:
                # A seal that says "fail" would end the chain for good.
                ctx.process.log.main(f"ARC: not signed: chain cannot be verified now: {found.reason}", ctx.message.id)
                return []
            self._cv = found.state
        try:
            return Sealing(header, self._sealer, self._cv or "none", self._results, self._bodies).fields()
        except SealError as error:
            self._ctx.process.log.main(f"ARC: not signed: {error}", self._ctx.message.id)
            return []


def _sealer(ctx: Context, options: Any) -> Sealer | None:
    log = ctx.process.log
    try:
        text = expand(options.arc_sign, ctx)
    except ForcedFailure:
        return None
    except ExpansionError as error:
        log.panic(f"failed to expand arc_sign: {error.message}", ctx.message.id)
        return None
    parts = split_list(text)
    if not parts:
        return None
    if len(parts) < 3 or not all(parts[:3]):
        missing = ("identity", "selector", "privkey")[next((n for n in range(3) if n >= len(parts) or not parts[n]), 0)]
        log.panic(f"ARC: bad signing-specification ({missing})", ctx.message.id)
        return None
    now = int(ctx.process.ports.clock.time())
    created = expires = None
    for option in split_list(":".join(parts[3:]), ","):
        name, equals, number = option.partition("=")
        if name.strip() == "timestamps":
            created = now
        elif name.strip() == "expire":
            expires = _expiry(number.strip(), now) if equals else now + _MONTH
        elif name.strip():
            log.panic(f"ARC: unknown option in signing-specification: {option}", ctx.message.id)
    try:
        key = private_key(ctx, parts[2])
    except KeyUnusable as error:
        for line in error.lines:
            log.panic(line.replace("DKIM:", "ARC:"), ctx.message.id)
        return None
    return Sealer(parts[0], parts[0], parts[1], key, created, expires)


def _expiry(text: str, now: int) -> int | None:
    """The time of `expire=`: a time, or with `+` so many seconds from now."""
    digits = text.removeprefix("+")
    if not digits.isdigit():
        return now + _MONTH
    return now + int(digits) if text.startswith("+") else int(digits)
