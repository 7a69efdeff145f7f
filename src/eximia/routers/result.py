"""What a router driver answers, and what routing an address comes to (manual 3.10)."""

from __future__ import annotations

from enum import Enum

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import EximiaError
from eximia.context.delivery import Address


class Answer(Enum):
    """A driver's answer. Failures and deferrals are raised (`RouterFail`, `RouterDefer`)."""

    #: assigned to a transport, or only verified
    ACCEPT = "accept"
    #: new addresses in its place
    CHILDREN = "children"
    DECLINE = "decline"
    #: to the next router, or to pass_router, whatever `more` says
    PASS = "pass"  # noqa: S105
    #: the domain changed: routed anew from the top
    REROUTED = "rerouted"
    #: thrown away on purpose (`:blackhole:`)
    DISCARD = "discard"


class RouterTrouble(EximiaError):
    """Base of the two: `message` for the log and the sender; `user_message` shown in its place when not empty.

    `children` are addresses that go on all the same (list items before `:fail:`).
    """

    def __init__(
        self,
        message: str,
        *,
        errno: int = -1,
        freeze: bool = False,
        user_message: str = "",
        pass_message: bool = False,
        children: list[Address] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.errno = errno
        self.freeze = freeze
        self.user_message = user_message
        self.pass_message = pass_message
        self.children = children or []


class RouterFail(RouterTrouble):
    """The address is to be bounced."""


class RouterDefer(RouterTrouble):
    """The address must wait."""


class Verdict(Enum):
    """How routing of one address ended."""

    ACCEPTED = "accepted"  #: `address.transport` is set, or None when only verifying
    CHILDREN = "children"  #: only its children go on
    DISCARDED = "discarded"
    FAILED = "failed"
    DEFERRED = "deferred"


@dataclass(slots=True)
class Routed:
    """The end of `route_address`. With FAILED and DEFERRED, `address.outcome` says why. `children` are to be routed:
    what a redirection generated, and the copy that goes on after an `unseen` router."""

    verdict: Verdict
    children: list[Address] = field(default_factory=list)


class Mode(Enum):
    """Why an address is routed."""

    DELIVER = "deliver"
    #: -bt
    TEST = "test"
    VERIFY_SENDER = "verify sender"
    VERIFY_RECIPIENT = "verify recipient"
    EXPN = "expn"

    @property
    def verifying(self) -> bool:
        return self in (Mode.VERIFY_SENDER, Mode.VERIFY_RECIPIENT)
