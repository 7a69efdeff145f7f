"""The few exception classes of the program. Text for the peer and text for the log are two fields."""

from __future__ import annotations

from .span import NOWHERE, Span


class EximiaError(Exception):
    """Base of everything the program raises on purpose."""


class ConfigError(EximiaError):
    """Something wrong in the configuration.

    `message` is Exim's wording where Exim says something; `hint` says how to mend it. `where` is what Exim says
    of the place: None for "in line N of FILE" (the span), "" for nothing, or a text such as "for r1 router".
    """

    def __init__(self, message: str, span: Span = NOWHERE, hint: str = "", *, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint
        self.where = where
        #: the line after which Exim finds it, when that is not `span`
        self.found_at: Span | None = None
        #: the main options as far as they could be read: where the log is
        self.main: object = None


class ExpansionError(EximiaError):
    """A string could not be expanded. `message` is Exim's `expand_string_message`."""

    def __init__(self, message: str, span: Span = NOWHERE) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


class ForcedFailure(ExpansionError):
    """The expansion said `fail`: most options then behave as if unset (manual chapter 11)."""


class LookupDefer(ExpansionError):
    """A lookup in an expansion could not be finished now (server down, DNS timeout).

    `cause` is what the lookup itself said, without the query and the string around it: Exim's `search_error_message`,
    which is what its logs of refused commands tell. Empty when the lookup said nothing.
    """

    def __init__(self, message: str, span: Span = NOWHERE, *, cause: str | None = None) -> None:
        super().__init__(message, span)
        self.cause = message if cause is None else cause


class Defer(EximiaError):
    """A decision cannot be made now; ask again later.

    `message` is for the log; `user_message` (may be empty) for the peer.
    """

    def __init__(self, message: str, user_message: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.user_message = user_message


class NotTaken(Defer):
    """A message of our own that an ACL refused or threw away: it is not tried again. The log tells why."""


class TaintError(ExpansionError):
    """Tainted text was about to become a file name, a command, a database file or an unquoted query."""


class ProtocolError(EximiaError):
    """Base of the two sides of protocol trouble."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol. `reply` is the answer to give, where there is one."""

    def __init__(self, message: str, reply: bytes = b"") -> None:
        super().__init__(message)
        self.message = message
        self.reply = reply


class NetworkError(EximiaError):
    """A connection could not be made or was lost. `errno` is 0 when there is none; `timed_out` for timeouts."""

    def __init__(self, message: str, errno: int = 0, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.errno = errno
        self.timed_out = timed_out


class SpoolError(EximiaError):
    """A spool file is damaged or cannot be read or written."""
