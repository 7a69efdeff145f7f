"""Authenticating our sessions (manual 33.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.namedtuple import NamedTuple
from eximia.config.binding import Instance
from eximia.context import Context

from .catalogue import DRIVERS
from .conditions import OptionError, text_of
from .outcome import ClientReply, Dialogue, Verdict
from .server import instances

_FALSE = frozenset({"0", "no", "false"})


class ClientEnd(NamedTuple):
    """How it ended. `authenticator`: the name of the one that worked, "" when none did; `id`: its `client_set_id`.

    `temporary`: the server's temporary refusal of `command` (what was secret in it is masked); `expansion`: an
    expansion of ours that failed. With either the host cannot be used now. `tried`: some mechanism was common.
    """

    authenticator: str = ""
    id: str = ""
    tried: bool = False
    command: str = ""
    temporary: ClientReply | None = None
    expansion: str = ""


def is_client(one: Instance[Any]) -> bool:
    """Whether the instance takes part on the client's side."""
    option = one.options.client_when
    return option != "no" and getattr(one.options, option) is not None


def authenticate(
    ctx: Context, offered: tuple[str, ...], dialogue: Dialogue, on_failure: Callable[[str], object] | None = None
) -> ClientEnd:
    """Try our client authenticators on a server that offers the mechanisms `offered` (upper case).

    $host and $host_address must be set. Refusals are logged, `on_failure` gets the server's reply (event auth:fail),
    and the next authenticator is tried. Whatever `dialogue` raises when the connection fails passes through.
    """
    tried = False
    for one in instances(ctx):
        if not is_client(one) or str(one.options.public_name).upper() not in offered:
            continue
        try:
            if one.options.client_condition is not None:
                if text_of(ctx, one.options.client_condition).lower() in _FALSE:
                    continue
            tried = True
            end = _try(ctx, one, dialogue, on_failure)
        except ForcedFailure:
            continue
        except ExpansionError as error:
            what = f'expansion of "{error.text}"' if isinstance(error, OptionError) else "expansion"
            return ClientEnd(tried=True, expansion=f"{what} failed in {one.name} authenticator: {error.message}")
        if end is not None:
            return end
    return ClientEnd(tried=tried)


def _try(
    ctx: Context, one: Instance[Any], dialogue: Dialogue, on_failure: Callable[[str], object] | None
) -> ClientEnd | None:
    """None: refused or given up, try another."""
    driver = DRIVERS.get(one.driver)
    if driver is None:
        return None
    ctx.session.auth_vars = []
    result = driver.client(ctx, one.options, dialogue)
    if result.verdict is Verdict.OK:
        return ClientEnd(one.name, _identity(ctx, one), tried=True)
    if result.verdict is Verdict.DEFER:
        return ClientEnd(tried=True, command=f"AUTH {one.options.public_name} ********", temporary=result.reply)
    host = f"H={ctx.address.host} [{ctx.address.host_address}]"
    if result.verdict is Verdict.CANCELLED:
        line = f"{one.name} authenticator cancelled authentication {host} {result.text}"
    else:
        if on_failure is not None and result.reply is not None:
            on_failure(result.reply.text)
        line = f"{one.name} authenticator failed {host} {result.reply.text if result.reply else result.text}"
    ctx.process.log.main(line, ctx.message.id)
    return None


def _identity(ctx: Context, one: Instance[Any]) -> str:
    try:
        return text_of(ctx, one.options.client_set_id)
    except ExpansionError as error:
        ctx.process.log.panic(f"failed to expand client_set_id of the {one.name} authenticator: {error.message}")
        return ""
