"""A session with the next server that has taken the envelope of a message which is still coming in (manual 44.22
`cutthrough_delivery`, 44.47 `hold`).

A recipient callout leaves it behind; further recipients are added to it, then the message goes over it: while it is
received (`cutthrough`), or at its first delivery attempt. Whoever gives it up calls `drop`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.message.dsn import RET_FULL, RET_HDRS, notify_text
from eximia.protocols.smtp.client import Envelope, Recipient, Reply

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Address, Host

    from .connection import Connection

_RET = {RET_FULL: "FULL", RET_HDRS: "HDRS"}


class Held:
    """See the module's docstring. `mail` is the answer to MAIL, `replies` those to RCPT, one for each of
    `addresses`."""

    __slots__ = ("addresses", "connection", "given", "hosts", "mail", "options", "replies", "sender", "transport")

    def __init__(
        self, connection: Connection, transport: Any, options: Any, hosts: list[Host], sender: str, mail: Reply
    ) -> None:
        self.connection = connection
        self.transport = transport
        #: the transport's own, without a callout's time limits
        self.options = options
        self.hosts = hosts
        self.sender = sender
        self.mail = mail
        self.addresses: list[Address] = []
        #: the recipients as the client gave them
        self.given: list[str] = []
        self.replies: list[Reply] = []

    def took(self, address: Address, given: str, reply: Reply) -> None:
        """The server accepted one more recipient."""
        self.addresses.append(address)
        self.given.append(given)
        self.replies.append(reply)

    def fits(self, target: Address, hosts: list[Host], sender: str) -> bool:
        """May `target` be added: the same transport, hosts, sender and header changes."""
        if target.transport is not self.transport or sender != self.sender or not self.addresses:
            return False
        first = self.addresses[0]
        return (
            [(host.name, host.address, host.port) for host in hosts]
            == [(host.name, host.address, host.port) for host in self.hosts]
            and target.headers_add == first.headers_add
            and target.headers_remove == first.headers_remove
            and target.errors_address == first.errors_address
            and target.dsn_lasthop == first.dsn_lasthop
            and (target.domain == first.domain or self.options.multi_domain is True)
        )

    def drop(self) -> None:
        """The message goes another way, or not at all."""
        self.connection.quit()


def envelope_of(ctx: Context, sender: str, target: Address) -> Envelope:
    """The MAIL command of a message that is still coming in: its size is not known."""
    message = ctx.message
    return Envelope(
        sender,
        (),
        ret=_RET.get(message.dsn_ret, ""),
        envid=message.dsn_envid,
        smtputf8=message.smtputf8,
        dsn=not target.dsn_lasthop,
    )


def recipient_of(ctx: Context, address: Address) -> Recipient:
    """The RCPT command for the recipient that an ACL is looking at."""
    asked = ctx.message.judged
    if asked is None or address.dsn_lasthop or address.parent is not None:
        return Recipient(address.address)
    return Recipient(address.address, notify_text(asked.dsn_flags), asked.orcpt)
