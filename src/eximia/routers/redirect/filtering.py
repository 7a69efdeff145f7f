"""Running a user's filter as that user (manual 22.3).

As root a copy of this process becomes the user first. A worker of the server cannot do that: there the files that a
filter of another user asks for are read by an agent (`context.user_files`), and the filter may not use what runs
commands or opens connections.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from eximia.base.dataclass import fields
from eximia.base.errors import Defer
from eximia.base.text import Untainted
from eximia.context import Address, Context, Errno, FilterDelivery, FilterResult, Kind, Reply
from eximia.routers.result import Mode, RouterDefer

from .files import identity_of

if TYPE_CHECKING:
    from eximia.routers.options.redirect import RedirectOptions

_TIMEOUT = 300.0


def run_filter(
    ctx: Context, options: RedirectOptions, address: Address, text: str, kind: str, default_domain: str
) -> FilterResult:
    """What the filter `text` of kind "exim" or "sieve" comes to. Raises RouterDefer."""

    def interpret(*, confined: bool = False) -> FilterResult:
        result: FilterResult = ctx.process.services.filters.run(
            ctx, text, kind, options=options, address=address, default_domain=default_domain, confined=confined
        )
        return result

    identity = identity_of(ctx, address)
    if identity is None or identity.uid == os.geteuid():
        return interpret()
    try:
        answer = ctx.process.ports.as_user(ctx.process, identity, lambda: packed(interpret()), timeout=_TIMEOUT)
    except Defer as error:
        raise RouterDefer(f"error in filter: {error.message}", errno=Errno.BAD_REDIRECT) from None
    if answer is not None:
        return unpacked(answer)
    ctx.message.acting = identity
    try:
        return interpret(confined=True)
    finally:
        ctx.message.acting = None


def write_log_lines(ctx: Context, address: Address, result: FilterResult, mode: Mode, wrong: str) -> None:
    """The lines of `logwrite` commands, written as the user. Raises RouterDefer when a file cannot be opened."""
    if not result.log_lines or mode is not Mode.DELIVER:
        return
    lines = [list(line) for line in result.log_lines]
    try:
        answer = ctx.process.ports.agents.run(identity_of(ctx, address), "filter_log", {"lines": lines}, timeout=60)
    except Defer as error:
        raise RouterDefer(error.message) from None
    if "error" in answer:
        raise RouterDefer(f"{wrong}{answer['error']}", errno=Errno.BAD_REDIRECT)


def packed(result: FilterResult) -> str:
    """A result as JSON; texts begin with `u` when they are untainted, else with `t`."""
    plain = {one.name: getattr(result, one.name) for one in fields(result)}
    plain["deliveries"] = [_plain(delivery) for delivery in result.deliveries]
    return json.dumps(_marked(plain))


def _plain(delivery: FilterDelivery) -> dict[str, Any]:
    plain = {one.name: getattr(delivery, one.name) for one in fields(delivery)}
    plain["kind"] = delivery.kind.value
    if delivery.reply is not None:
        plain["reply"] = {one.name: getattr(delivery.reply, one.name) for one in fields(delivery.reply)}
    return plain


def _marked(value: Any) -> Any:
    if isinstance(value, str):
        return ("u" if type(value) is Untainted else "t") + value
    if isinstance(value, dict):
        return {key: _marked(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_marked(one) for one in value]
    return value


def _unmarked(value: Any) -> Any:
    if isinstance(value, str):
        return Untainted(value[1:]) if value.startswith("u") else value[1:]
    if isinstance(value, dict):
        return {key: _unmarked(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_unmarked(one) for one in value]
    return value


def unpacked(answer: str) -> FilterResult:
    """The result that `packed` wrote."""
    plain: dict[str, Any] = _unmarked(json.loads(answer))
    result = FilterResult(**plain)
    result.deliveries = []
    for one in plain["deliveries"]:
        reply = Reply(**one["reply"]) if one["reply"] is not None else None
        variables = tuple(one["variables"])
        result.deliveries.append(
            FilterDelivery(**{**one, "kind": Kind(one["kind"]), "reply": reply, "variables": variables})
        )
    result.log_lines = [(path, text, mode) for path, text, mode in plain["log_lines"]]
    return result
