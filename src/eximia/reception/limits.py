"""Counting what a client does wrong or too often (manual 49.4 to 49.6), and slowing it down (`smtp_ratelimit_*`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import ConfigError, ExpansionError
from eximia.base.template import Template

if TYPE_CHECKING:
    from eximia.config.main import MainOptions
    from eximia.context import Context

#: commands that serve a mail transaction
MAIL_COMMANDS = frozenset(("MAIL", "RCPT", "DATA", "BDAT", "QUIT"))


@dataclass(slots=True)
class Counters:
    """Of one connection. The `free_*` flags are uncounted occurrences that are still to be had."""

    unknown: int = 0
    errors: int = 0
    nonmail: int = 0
    #: MAIL commands seen
    mails: int = 0
    #: the client matches smtp_accept_max_nonmail_hosts; None: not asked yet
    nonmail_applies: bool | None = None
    free: set[str] = field(default_factory=lambda: {"RSET", "HELO", "STARTTLS", "AUTH"})

    def new_message(self) -> None:
        """Between messages one RSET, one greeting and one STARTTLS are not counted."""
        self.free.update(("RSET", "HELO", "STARTTLS"))

    def after_tls(self) -> None:
        """After TLS has started another EHLO and AUTH are expected."""
        self.free.update(("HELO", "AUTH"))

    def after_farewell(self) -> None:
        """After TLS has ended it may be begun again."""
        self.free.update(("HELO", "STARTTLS"))

    def counts_as_nonmail(self, verb: str) -> bool:
        """Whether this command is counted; takes a free occurrence."""
        if verb in MAIL_COMMANDS:
            return False
        name = "HELO" if verb == "EHLO" else verb
        if name in self.free:
            self.free.discard(name)
            return False
        return True


class Throttle:
    """One of `smtp_ratelimit_mail` and `smtp_ratelimit_rcpt`: threshold, first delay, factor, longest delay."""

    __slots__ = ("delay", "factor", "longest", "seen", "threshold")

    def __init__(self, text: str) -> None:
        """Raises ConfigError."""
        try:
            threshold, first, factor, longest = (part.lstrip() for part in text.split(","))
            if not threshold.removeprefix("-").isdigit() or factor != factor.strip():
                raise ValueError
            self.threshold = int(threshold)
            self.delay = _seconds(first)
            self.factor = float(factor)
            self.longest = _seconds(longest.partition(" ")[0])
        except ValueError:
            raise ConfigError(f"malformed ratelimit data: {text}") from None
        self.seen = 0

    def next_delay(self) -> float:
        """How long the next command waits."""
        self.seen += 1
        if self.seen <= self.threshold:
            return 0.0
        delay = self.delay
        self.delay = min(delay * self.factor, self.longest)
        return delay

    def start(self, first: float) -> None:
        """Begin anew for another message."""
        self.seen = 0
        self.delay = first


_UNITS = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


def _seconds(text: str) -> float:
    """A time interval whose numbers may have fractions: `0.5s`, `4m`, `1h30m`."""
    total = 0.0
    start = 0
    for at, char in enumerate(text):
        if char in _UNITS:
            if not text[start:at][:1].isdigit():
                raise ValueError(text)
            total += float(text[start:at]) * _UNITS[char]
            start = at + 1
    if not text or start < len(text):
        raise ValueError(text)
    return total


#: what holds when `smtp_receive_timeout` cannot be read
_RECEIVE_TIMEOUT = 300.0


def receive_timeout(ctx: Context) -> float:
    """`smtp_receive_timeout` in seconds. A value that is no time is told of in the log."""
    value = ctx.process.main.smtp_receive_timeout
    if not isinstance(value, Template):
        return float(value)
    from eximia.expand import expand
    from eximia.expand.numbers import seconds

    try:
        text = expand(value, ctx)
    except ExpansionError:
        text = ""
    found = seconds(text)
    if found is None:
        ctx.process.log.panic(f"bad value for smtp_receive_timeout: '{text}'")
        return _RECEIVE_TIMEOUT
    return float(found)


def throttle(main: MainOptions, option: str) -> Throttle | None:
    """The throttle of an option, or None when it is not set."""
    text = getattr(main, option)
    return Throttle(text) if text else None
