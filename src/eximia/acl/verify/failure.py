"""The last sender verification that did not succeed, kept until a refusal has told of it (manual 44.50)."""

from __future__ import annotations

from eximia.context import Message
from eximia.logs.printing import printing

_NOTE = "acl.sender_failure"

_AFTER_MAIL = (
    "The initial connection, or a HELO or MAIL FROM:<> command was",
    "rejected. Refusing MAIL FROM:<> does not help fight spam, disregards",
    "RFC requirements, and stops you from receiving standard bounce",
    "messages. This host does not accept mail from domains whose servers",
    "refuse bounces.",
)
_AFTER_POSTMASTER = (
    "Several RFCs state that you are required to have a postmaster",
    "mailbox for each mail domain. This host does not accept mail",
    "from domains whose servers reject the postmaster address.",
)

_UNREACHABLE = (
    "The mail server(s) for the domain may be temporarily unreachable, or",
    "they may be permanently unreachable from this server. In the latter case,",
)


class SenderFailure:
    """`log` and `user`: why, for the log and for the peer (perhaps several lines); `kind`: the word of
    $sender_verify_failure; `deferred`: it is not certain. It is told once."""

    __slots__ = ("address", "deferred", "kind", "log", "told", "user")

    def __init__(self, address: str, log: str, user: str, kind: str, *, deferred: bool) -> None:
        self.address = address
        self.log = log
        self.user = user
        self.kind = kind
        self.deferred = deferred
        self.told = False

    def log_line(self) -> str:
        """What the log says after the client's name."""
        why = f": {printing(self.log)}" if self.log else ""
        return f"sender verify {'defer' if self.deferred else 'fail'} for <{self.address}>{why}"

    def explanation(self) -> tuple[str, ...]:
        """What goes before the refusal of a command."""
        if not self.user:
            return ()
        if self.deferred:
            return (self.user,)
        if self.kind == "mail":
            return (f"Callback setup failed while verifying <{self.address}>", self.user, *_AFTER_MAIL)
        if self.kind == "postmaster":
            return (f"Postmaster verification failed while checking <{self.address}>", self.user, *_AFTER_POSTMASTER)
        return (f"Verification failed for <{self.address}>", self.user)


def unreachable(kind: str, address: str) -> str:
    """What the peer is told with `smtp_return_error_details` when no server could be asked."""
    advice = (
        (
            "you need to change the address or create an MX record for its domain",
            "if it is supposed to be generally accessible from the Internet.",
            "Talk to your mail administrator for details.",
        )
        if kind == "sender"
        else ("the address will never be accepted.",)
    )
    return "\n".join((f"Could not complete {kind} verify callout for <{address}>.", *_UNREACHABLE, *advice))


def note_sender_failure(message: Message, failure: SenderFailure | None) -> None:
    """Remember a failure for the next refusal; None: the last verification succeeded, or is not to be told."""
    message.notes[_NOTE] = failure


def take_sender_failure(message: Message) -> SenderFailure | None:
    """The failure to tell now, None when there is none or it was told."""
    failure: SenderFailure | None = message.notes.get(_NOTE)
    if failure is None or failure.told:
        return None
    failure.told = True
    return failure
