"""Sending a message over a held session while it is received (manual 44.22, `control = cutthrough_delivery`).

The pieces are `begin` (DATA), `header`, `body` for each block, and `end` (the final dot). Each returns False, or None,
when the session broke; the message is then delivered from the spool as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, NetworkError
from eximia.transports.headers import header_block

from .failure import Failure

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.protocols.smtp.client import Reply

    from .held import Held

#: options of the transport with which the message cannot be sent before it is here as a whole
_WHOLE = (
    "transport_filter",
    "dkim_domain",
    "dkim_private_key",
    "dk_selector",
    "dk_private_key",
    "arc_sign",
    "body_only",
    "headers_only",
    "return_path",
)


def suits(options: object) -> bool:
    """Can a transport with these options send what is still coming in?"""
    return getattr(options, "protocol", "") != "lmtp" and not any(getattr(options, name, None) for name in _WHOLE)


class Cutthrough:
    """One message on its way through."""

    __slots__ = ("_ended", "held")

    def __init__(self, held: Held) -> None:
        self.held = held
        #: the last byte sent was a newline
        self._ended = True

    def begin(self) -> bool:
        """Say DATA."""
        try:
            reply = self.held.connection.command("DATA")
        except Failure:
            return False
        return reply.code // 100 == 3

    def header(self, ctx: Context) -> bool:
        """Send the header as the transport makes it."""
        held = self.held
        try:
            text = header_block(ctx, held.options, held.addresses, held.sender, "")
        except ExpansionError:
            return False
        return self.body(text.encode("latin-1"))

    def body(self, block: bytes) -> bool:
        """Send the next bytes; lines end with LF here."""
        if not block:
            return True
        data = block.replace(b"\r\n", b"\n")
        if b"\n." in data:
            data = data.replace(b"\n.", b"\n..")
        if self._ended and data.startswith(b"."):
            data = b"." + data
        self._ended = data.endswith(b"\n")
        try:
            self.held.connection.stream.send(data.replace(b"\n", b"\r\n"))
        except NetworkError:
            return False
        return True

    def end(self, timeout: float) -> Reply | None:
        """Send the final dot; the server's answer, None when there is none."""
        connection = self.held.connection
        connection.wait = timeout
        try:
            connection.stream.send(b".\r\n" if self._ended else b"\r\n.\r\n")
            reply = connection.reply("end of data")
        except (NetworkError, Failure):
            return None
        connection.messages += 1
        return reply

    def drop(self) -> None:
        """Give up in the middle: the server must not take what it has for the whole message."""
        self.held.connection.stream.abort()
