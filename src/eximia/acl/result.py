"""How an ACL ended."""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """The end of an ACL (manual 44.13). The value is the word of `end of ACL` in debug output."""

    ACCEPT = "ACCEPT"
    DENY = "DENY"
    DEFER = "DEFER"
    DISCARD = "DISCARD"
    #: deny, and close the connection
    DROP = "DROP"
    #: something is wrong in the ACL itself; treated as DEFER
    ERROR = "ERROR"


#: where rejections are logged unless `log_reject_target` says otherwise
DEFAULT_TARGETS = ("main", "reject")


class AclResult:
    """The outcome with its texts; empty ones mean "the usual text".

    `user_message` is for the peer: it may have several lines and may begin with a reply code, see `reply.split_code`.
    `log_message` is for the log. `log_targets` are the logs that a rejection goes to.
    """

    __slots__ = ("log_message", "log_targets", "outcome", "user_message")

    def __init__(
        self,
        outcome: Outcome,
        user_message: str = "",
        log_message: str = "",
        log_targets: tuple[str, ...] = DEFAULT_TARGETS,
    ) -> None:
        self.outcome = outcome
        self.user_message = user_message
        self.log_message = log_message
        self.log_targets = log_targets

    @property
    def accepted(self) -> bool:
        """True for accept and discard."""
        return self.outcome is Outcome.ACCEPT or self.outcome is Outcome.DISCARD

    def __repr__(self) -> str:
        return f"AclResult({self.outcome.name}, {self.user_message!r}, {self.log_message!r})"
