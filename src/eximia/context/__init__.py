"""The nested records that policy reads and writes: Process, Session, Message, AddressContext.

`Context` holds the four and the scope of an evaluation (numeric variables, $value, $item...). It is made anew
cheaply wherever one of them changes; policy takes it as its first argument.
"""

from __future__ import annotations

from eximia.base.text import EMPTY

from .address import AddressContext
from .delivery import (
    Address,
    Batch,
    Errno,
    FilterDelivery,
    FilterResult,
    Host,
    HostStatus,
    Kind,
    Outcome,
    Reply,
    Result,
    RetryChange,
    SmtpFacts,
)
from .message import Body, Message, Recipient
from .process import Process
from .session import ProxyFacts, Session, TlsFacts

__all__ = [
    "Address",
    "AddressContext",
    "Batch",
    "Body",
    "Context",
    "Errno",
    "FilterDelivery",
    "FilterResult",
    "Host",
    "HostStatus",
    "Kind",
    "Message",
    "Outcome",
    "Process",
    "ProxyFacts",
    "Recipient",
    "Reply",
    "Result",
    "RetryChange",
    "Scope",
    "Session",
    "SmtpFacts",
    "TlsFacts",
]


class Scope:
    """Variables that live in an evaluation: `$0`..., `$value`, `$item`, ACL arguments.

    Changed in place; items that change them save and restore what they touch, as the manual describes.
    """

    __slots__ = ("acl_args", "depth", "item", "key", "locked", "numeric", "runrc", "value")

    def __init__(self) -> None:
        #: $0, $1, ...; empty when nothing was captured
        self.numeric: tuple[str, ...] = ()
        #: $value, the result of a lookup or extract; None when unset
        self.value: str | None = None
        self.item: str = EMPTY
        self.key: str = EMPTY
        #: $acl_arg1...; $acl_narg is its length
        self.acl_args: tuple[str, ...] = ()
        #: $runrc
        self.runrc = 0
        #: what strings made at run time may not use while a user's filter runs: the endings of the options
        #: `forbid_filter_...` ("readfile", "run"...)
        self.locked: frozenset[str] = frozenset()
        #: nesting of ACLs and expansions
        self.depth = 0


class Context:
    """Everything policy may look at."""

    __slots__ = ("address", "message", "process", "scope", "session")

    def __init__(
        self,
        process: Process,
        session: Session | None = None,
        message: Message | None = None,
        address: AddressContext | None = None,
        scope: Scope | None = None,
    ) -> None:
        self.process = process
        self.session = session if session is not None else Session()
        self.message = message if message is not None else Message()
        self.address = address if address is not None else AddressContext()
        self.scope = scope if scope is not None else Scope()

    def for_address(self, address: AddressContext) -> Context:
        """The same session and message, another address, a scope of its own."""
        return Context(self.process, self.session, self.message, address)
