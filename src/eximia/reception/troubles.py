"""What can be wrong with a local caller's message: how each is told to him and to the log (manual 5.3, -oe).

The texts are Exim's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: (an address or nothing, what is wrong with it)
Details = tuple[str, str]
_SENT = "A message that you sent "
_NOT_DELIVERED = "It was not delivered to any recipients."


def _just(text: str) -> Callable[[Sequence[Details], int], str]:
    return lambda _details, _limit: text


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that can be wrong. `told` and `noted` take the details and the limit that was passed."""

    #: of the report, after "Mail failure - "
    subject: str
    #: the report's text
    told: Callable[[Sequence[Details], int], str]
    #: what the log says when there is nobody to send a report to; None: the subject and the limit
    noted: Callable[[Sequence[Details], int], str] | None = None
    #: of -oee, when the report cannot be sent
    unsent_status: int = 1
    #: the message was complete: the copy has our Received: line too
    complete: bool = False

    def in_the_log(self, details: Sequence[Details], limit: int) -> str:
        if self.noted is not None:
            return self.noted(details, limit)
        return f"{self.subject} (limit set to {limit})" if limit else self.subject


def _bad_address(details: Sequence[Details], _limit: int) -> str:
    lines = "".join(f"  {text}  {why}\n" for text, why in details)
    if any(text.endswith(".") for text, _ in details):
        lines += "\nRecipient addresses must not end with a '.' character.\n"
    return (
        f"{_SENT}contained a recipient address that was incorrectly\nconstructed:\n\n"
        f"{lines}\nThe message has not been delivered to any recipients.\n"
    )


def _bad_addresses(details: Sequence[Details], rest: str) -> str:
    lines = "".join(f"  {text}: {why}\n" for text, why in details)
    this = "These addresses have been ignored." if len(details) > 1 else "This address has been ignored."
    return (
        f"{_SENT}contained one or more recipient addresses that were\nincorrectly constructed:\n\n"
        f"{lines}\n{this} {rest}"
    )


def _ignored(details: Sequence[Details], _limit: int) -> str:
    return _bad_addresses(
        details,
        "The other addresses in the message were\n"
        "syntactically valid and have been passed on for an attempt at delivery.\n",
    )


def _only_bad(details: Sequence[Details], _limit: int) -> str:
    return _bad_addresses(
        details,
        "There were no other addresses in your\nmessage, and so no attempt at delivery was possible.\n",
    )


def _bad_address_noted(details: Sequence[Details], _limit: int) -> str:
    text, why = details[0]
    return f"at least one malformed recipient address: {text} - {why}"


def _overlong(what: str) -> Trouble:
    text = (
        f"{_SENT}contained a header {what} that was excessively\n"
        "long and could not be handled by the mail transmission software. The\n"
        "message has not been delivered to any recipients.\n"
    )
    return Trouble(
        f"overlong header {what}",
        _just(text),
        lambda _, limit: f"excessively long message header {what} read (more than {limit} characters)",
    )


def _refused(details: Sequence[Details], _limit: int) -> str:
    lines = "".join(f"  {why}\n" for _, why in details)
    return (
        f"{_SENT}was rejected by the local scanning code that\n"
        f"checks incoming messages on this system. The following error was given:\n\n{lines}"
    )


def _refused_noted(details: Sequence[Details], _limit: int) -> str:
    return f"rejected by non-SMTP ACL: {details[0][1]}"


_MALFORMED = "malformed recipient address"
_NONE = "no recipient addresses"

#: on the command line
BAD_ADDRESS = Trouble(_MALFORMED, _bad_address, _bad_address_noted)
#: -t found bad addresses beside good ones
IGNORED_ADDRESS = Trouble(_MALFORMED, _ignored)
#: -t found bad addresses only
ONLY_BAD_ADDRESSES = Trouble(_MALFORMED, _only_bad, _bad_address_noted)
NO_RECIPIENTS = Trouble(
    _NONE,
    _just(f"{_SENT}contained no recipient addresses, and therefore no\ndelivery could be attempted.\n"),
    unsent_status=2,
)
#: -t found only addresses that the command line takes out
ALL_OVERRIDDEN = Trouble(
    _NONE,
    _just(
        f"{_SENT}using the -t command line option contained no\n"
        "addresses that were not also on the command line, and were therefore\n"
        "suppressed. This left no recipient addresses, and so no delivery could\n"
        "be attempted.\n"
    ),
    unsent_status=2,
)
TOO_MANY = Trouble(
    "too many recipients",
    _just(f"{_SENT}contained more recipients than allowed on this\nsystem. {_NOT_DELIVERED}\n"),
    lambda _, limit: f"too many recipients (max set to {limit})",
)
TOO_BIG = Trouble(
    "message too big",
    lambda _, limit: (
        f"{_SENT}was longer than the maximum size allowed on this\n"
        f"system. {_NOT_DELIVERED} (The limit is {limit} bytes.)\n"
    ),
)
LONG_HEADER = _overlong("section")
LONG_LINE = _overlong("line")
REFUSED = Trouble("rejected by local scanning code", _refused, _refused_noted, complete=True)
