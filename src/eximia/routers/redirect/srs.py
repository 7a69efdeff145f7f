"""`srs` of the redirect router: the sender of forwarded mail, and the way back (features row 4; libsrs_alt's options).

The scheme itself is `mailauth.srs`; what `${srs_encode}` makes is another form.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, ForcedFailure, LookupDefer
from eximia.base.listtext import split_list
from eximia.base.pattern import pattern
from eximia.base.text import Untainted
from eximia.expand import check_condition, expand
from eximia.mailauth.srs import NotSrs, Srs, SrsError
from eximia.message.address import quote_local_part, unquote_local_part
from eximia.routers.result import Mode, RouterDefer, RouterFail

if TYPE_CHECKING:
    from eximia.context import Address, Context
    from eximia.routers.options.redirect import RedirectOptions

FORWARD, REVERSE, BOTH = "forward", "reverse", "reverseandforward"
_MOST_DAYS, _LONGEST_HASH = 365, 20
_KEY = pattern(r"[A-Za-z0-9]{16}")
_TRUE = re.compile(r"1|yes|true", re.IGNORECASE)
_VARIABLES = ("srs_db_address", "srs_db_key", "srs_orig_recipient", "srs_orig_sender", "srs_status")


class Way:
    """What one router does to one address."""

    __slots__ = ("_ctx", "_options", "_srs")

    def __init__(self, ctx: Context, options: RedirectOptions) -> None:
        """Raises RouterDefer for settings that make no sense."""
        self._ctx = ctx
        self._options = options
        if str(options.srs) not in (FORWARD, REVERSE, BOTH):
            raise _wrong(ctx, f'unknown srs "{options.srs}"')
        if str(options.srs) == BOTH and (options.srs_dbinsert is None) != (options.srs_dbselect is None):
            raise _wrong(ctx, "srs_dbinsert and srs_dbselect must both be set, or neither")
        self._srs = settings(ctx)
        for name in _VARIABLES:
            ctx.message.variables.pop(name, None)

    def back(self, address: Address) -> bool:
        """Find out for whom mail to this address is, for `$srs_recipient`; False when it is no SRS address. Raises
        RouterFail for one that was not made here, or too long ago."""
        if str(self._options.srs) == FORWARD:
            return True
        ctx, options = self._ctx, self._options
        whole = f"{unquote_local_part(address.local_part_original)}@{address.domain}"
        ctx.message.variables["srs_orig_recipient"] = whole
        try:
            if options.srs_dbselect is not None:
                found = self._fetched(whole)
            else:
                found = self._srs.reverse(whole, ctx.process.ports.clock.time())
        except NotSrs:
            return False
        except SrsError as error:
            ctx.message.variables["srs_status"] = Untainted(str(error))
            raise RouterFail(f"SRS: {error}", user_message="Invalid SRS recipient address") from None
        local_part, _, domain = found.rpartition("@")
        if not local_part or not domain:
            raise RouterFail("SRS: no address", user_message="Invalid SRS recipient address")
        ctx.session.notes["srs_recipient"] = f"{quote_local_part(local_part)}@{domain}"
        ctx.message.variables["srs_status"] = Untainted("OK")
        return True

    def _fetched(self, whole: str) -> str:
        ctx = self._ctx
        key = self._srs.reverse_key(whole)
        if _KEY.fullmatch(key) is None:
            raise NotSrs("no key")
        ctx.message.variables["srs_db_key"] = Untainted(key)
        template = self._options.srs_dbselect
        assert template is not None  # the caller looks
        try:
            found = expand(template, ctx).strip()
        except ForcedFailure:
            found = ""
        except ExpansionError as error:
            raise RouterDefer(f'failed to expand "{template.text}": {error.message}') from None
        if not found:
            raise SrsError("unknown database key")
        ctx.message.variables["srs_db_address"] = found
        return found

    def sender(self, address: Address, mode: Mode) -> str:
        """The sender that forwarded copies have; empty for the one they came with."""
        ctx, options = self._ctx, self._options
        sender = ctx.message.sender_address
        if str(options.srs) == REVERSE or not sender or mode in (Mode.VERIFY_SENDER, Mode.VERIFY_RECIPIENT):
            return ""
        local_part, _, domain = sender.rpartition("@")
        sender = f"{unquote_local_part(local_part)}@{domain}"
        alias = address.domain
        if options.srs_alias is not None:
            alias = self._expand(options.srs_alias) or alias
        variables = ctx.message.variables
        variables["srs_orig_sender"] = ctx.message.sender_address
        try:
            if options.srs_dbinsert is not None:
                made = self._stored(sender, alias)
            else:
                made = self._srs.forward(sender, alias, ctx.process.ports.clock.time())
        except SrsError as error:
            variables["srs_status"] = Untainted(str(error))
            raise RouterDefer(f"SRS: {error}") from None
        variables["srs_status"] = Untainted("OK")
        if made == sender:
            return ""
        local_part, _, domain = made.rpartition("@")
        return f"{quote_local_part(local_part)}@{domain}"

    def _stored(self, sender: str, alias: str) -> str:
        if sender.rpartition("@")[2].lower() == alias.lower():
            return sender
        variables = self._ctx.message.variables
        key = secrets.token_hex(8)
        variables["srs_db_key"] = Untainted(key)
        variables["srs_db_address"] = sender
        template = self._options.srs_dbinsert
        assert template is not None  # the caller looks
        self._expand(template)
        return self._srs.forward_key(key, alias)

    def _expand(self, template: object) -> str:
        text = template.text  # type: ignore[attr-defined]
        try:
            return expand(template, self._ctx)  # type: ignore[arg-type]
        except (ExpansionError, LookupDefer) as error:
            raise RouterDefer(f'failed to expand "{text}": {error.message}') from None


def begin(ctx: Context, options: RedirectOptions) -> Way | None:
    """None when the router has no SRS, or its `srs_condition` is not met. Raises RouterDefer."""
    if options.srs is None:
        return None
    if options.srs_condition is not None:
        try:
            if not check_condition(options.srs_condition, ctx, "srs_condition"):
                return None
        except ForcedFailure:
            return None
        except ExpansionError as error:
            raise RouterDefer(f"failed to expand srs_condition: {error.message}") from None
    return Way(ctx, options)


def settings(ctx: Context) -> Srs:
    """The main options as one. Raises RouterDefer when they make no sense."""
    main = ctx.process.main
    try:
        found = split_list(expand(main.srs_secrets, ctx)) if main.srs_secrets is not None else []
    except ExpansionError as error:
        raise _wrong(ctx, f"expansion of srs_secrets failed: {error.message}") from None
    days, length, shortest = main.srs_maxage, main.srs_hashlength, main.srs_hashmin
    stamped, hashed = main.srs_usetimestamp, main.srs_usehash
    if main.srs_config:
        secret, *others = str(main.srs_config).split(":")
        found = [secret]
        numbers = [_number(text) for text in others[:2]]
        days = numbers[0] if len(numbers) > 0 and numbers[0] is not None else days
        length = numbers[1] if len(numbers) > 1 and numbers[1] is not None else length
        stamped = _TRUE.fullmatch(others[2].strip()) is not None if len(others) > 2 else stamped
        hashed = _TRUE.fullmatch(others[3].strip()) is not None if len(others) > 3 else hashed
    keys = [secret for secret in found if secret]
    if not keys:
        raise _wrong(ctx, "No secret specified")
    if not 0 <= days <= _MOST_DAYS:
        raise _wrong(ctx, "Invalid maximum timestamp age")
    if not 1 <= length <= _LONGEST_HASH or shortest > _LONGEST_HASH:
        raise _wrong(ctx, "Invalid hash length")
    return Srs(
        keys,
        hash_length=length,
        hash_min=shortest if 0 < shortest <= length else length,
        max_age=days,
        use_hash=hashed,
        use_timestamp=stamped,
    )


def _number(text: str) -> int | None:
    """The number, -1 for what is none, None for nothing."""
    text = text.strip()
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1


def _wrong(ctx: Context, what: str) -> RouterDefer:
    text = f"SRS Configuration Error: {what}"
    ctx.process.log.main(text, ctx.message.id)
    return RouterDefer(text)
