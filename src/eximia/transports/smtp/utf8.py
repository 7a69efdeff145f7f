"""Internationalised envelopes for servers that do not take them (manual 60.1, option `utf8_downconvert`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.context.delivery import Errno
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
        raise Failure("utf8 support required but not offered for forwarding", Errno.NONE, Fault.HOST, permanent=True)
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
    try:
        text = address.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return address
    local_part, at, domain = text.rpartition("@")
    return f"{_label(local_part)}{at}{'.'.join(_label(label) for label in domain.split('.'))}"


def _label(text: str) -> str:
    return text if text.isascii() else f"xn--{text.lower().encode('punycode').decode('ascii')}"
