"""Internationalised envelopes for servers that do not take them (manual 60.1, option `utf8_downconvert`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.context.delivery import Errno
from eximia.message.idna import IdnaError, domain_to_alabel, localpart_to_alabel
from eximia.transports.strings import expand

from .failure import Failure, Fault

if TYPE_CHECKING:
    from eximia.context import Context

    from .connection import Connection


def converts(ctx: Context, options: Any, connection: Connection) -> bool:
    """Are the addresses of this (internationalised) message to be turned into ASCII for this server?
    Raises Failure when the server cannot take the message."""
    wanted = _wanted(ctx, options)
    if connection.peer.smtputf8:
        return wanted == 1
    if wanted == 0:
        text = "utf8 support required but not offered for forwarding"
        raise Failure(text, Errno.NONE, Fault.HOST, permanent=True, teaches=False)
    return True


def _wanted(ctx: Context, options: Any) -> int:
    """1: always, 0: never, -1: where it is needed."""
    try:
        text = expand(options.utf8_downconvert, ctx).strip()
    except ExpansionError as error:
        raise Failure(
            f"failed to expand utf8_downconvert: {error.message}", Errno.HOST_EXPAND_FAIL, Fault.LOCAL
        ) from error
    if text in ("-1", "0", "1"):
        return int(text)
    return ctx.message.utf8_downconvert


def ascii_address(address: str) -> str:
    """An address with each label that is not ASCII, and such a local part, in the form `xn--`."""
    if address.isascii():
        return address
    local_part, at, domain = address.rpartition("@")
    try:
        return f"{localpart_to_alabel(local_part)}{at}{domain_to_alabel(domain)}"
    except IdnaError:
        return address
