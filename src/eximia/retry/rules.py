"""The retry section: reading its rules and asking which one applies (manual 32.2 to 32.7).

A rule is `pattern error [senders=list] parameters`. Computing times is `schedule`; hints are `update`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from errno import ECONNREFUSED, EDQUOT, ENOSPC, ETIMEDOUT

from eximia.base.errors import ConfigError
from eximia.base.namedtuple import NamedTuple
from eximia.base.span import NOWHERE, Span
from eximia.base.template import Template, one_item
from eximia.config.times import read_time, show_time
from eximia.context.delivery import Errno

#: in `more_errno` of a refused or timed out connection: the host came from an MX record, or not
FROM_MX = ord("M")
FROM_A = ord("A")
#: in `more_errno`: the time-out struck while connecting
CONNECTING = 0x100

_4XX = {"mail_4": Errno.MAIL_4XX, "rcpt_4": Errno.RCPT_4XX, "data_4": Errno.DATA_4XX}
_NAMED = {
    "auth_failed": Errno.AUTH_FAIL,
    "lost_connection": Errno.CONNECTION_CLOSED,
    "tls_required": Errno.TLS_REQUIRED,
    "lookup": Errno.UNKNOWN_HOST,
}


class ErrorPattern(NamedTuple):
    """The error field of a rule. `more` 0 matches any detail. For 4xx answers it is the two last digits in the
    high byte, 255 for xx, 100 plus the tens digit for dx; for quotas the seconds since the mailbox was read."""

    errno: int | None  #: None: any
    more: int = 0
    name: str = "*"

    def matches(self, errno: int, more: int) -> bool:
        wanted = self.errno
        if wanted is None:
            return True
        if wanted == Errno.QUOTA:
            return errno in (Errno.QUOTA, EDQUOT, ENOSPC) and more >= self.more
        if wanted == Errno.TLS_REQUIRED:
            return errno in (Errno.TLS_REQUIRED, Errno.TLS_FAILURE)
        if wanted != errno:
            return False
        if not self.more:
            return True
        if wanted in (ETIMEDOUT, ECONNREFUSED):
            origin = self.more & 0xFF
            return (not origin or origin == more & 0xFF) and (not self.more & CONNECTING or bool(more & CONNECTING))
        code = self.more >> 8
        got = more >> 8 & 0xFF
        return code == 255 or code == got or (100 <= code < 110 and got // 10 == code - 100)


class RetryStep(NamedTuple):
    """One parameter set. `factor` is in thousandths; for F it is 0."""

    letter: str
    cutoff: int
    interval: int
    factor: int = 0


class RetryRule(NamedTuple):
    """One line of the section."""

    pattern: Template
    #: the pattern as a list of one item
    item: Template
    error: ErrorPattern
    senders: Template | None
    steps: tuple[RetryStep, ...]
    span: Span = NOWHERE

    @property
    def final_cutoff(self) -> int:
        """When to give up, seconds after the first failure; 0 when there are no retries."""
        return self.steps[-1].cutoff if self.steps else 0


def parse_rule(line: str, span: Span = NOWHERE, warn: Callable[[str], None] | None = None) -> RetryRule:
    """Read one logical line. Raises ConfigError with Exim's text; `warn` gets notes on old names."""
    pattern, rest = _word(line.strip())
    if not rest:
        raise ConfigError("missing error type in retry rule", span)
    error_text, rest = _word(rest)
    error = parse_error(error_text, span, warn)
    senders = None
    if rest.startswith("senders"):
        rest = rest[7:].lstrip()
        if not rest.startswith("="):
            raise ConfigError('"=" expected after "senders" in retry rule', span)
        text, rest = _word(rest[1:].lstrip())
        senders = Template(text, span)
    return RetryRule(Template(pattern, span), one_item(pattern, span), error, senders, tuple(_steps(rest, span)), span)


def _word(text: str) -> tuple[str, str]:
    """A word, or a text in double quotes, and what follows it."""
    if text.startswith('"'):
        out: list[str] = []
        pos = 1
        while pos < len(text) and text[pos] != '"':
            if text[pos] == "\\" and pos + 1 < len(text):
                pos += 1
            out.append(text[pos])
            pos += 1
        return "".join(out), text[pos + 1 :].lstrip()
    for pos, char in enumerate(text):
        if char in " \t":
            return text[:pos], text[pos:].lstrip()
    return text, ""


def parse_error(text: str, span: Span = NOWHERE, warn: Callable[[str], None] | None = None) -> ErrorPattern:
    """The error field; also the last argument of -brt. Raises ConfigError."""
    lower = text.lower()
    if lower == "*":
        return ErrorPattern(None)
    named = _NAMED.get(lower)
    if named is not None:
        return ErrorPattern(named, 0, lower)
    if lower.startswith("quota"):
        if lower == "quota":
            return ErrorPattern(Errno.QUOTA, 0, lower)
        if lower[5] == "_":
            seconds = read_time(lower[6:])
            if seconds is None:
                raise ConfigError("bad time value", span)
            return ErrorPattern(Errno.QUOTA, seconds, lower)
    if lower.startswith("refused"):
        detail = {"": 0, "_mx": FROM_MX, "_a": FROM_A}.get(lower[7:])
        if detail is None:
            raise ConfigError('A or MX expected after "refused"', span)
        return ErrorPattern(ECONNREFUSED, detail, "refused" + lower[7:].upper())
    if lower.startswith("timeout"):
        return _timeout(lower, span, warn)
    for prefix, errno in _4XX.items():
        if lower.startswith(prefix):
            code = _digits(lower[6:])
            if code is None:
                raise ConfigError(
                    f"{prefix} must be followed by xx, dx, or dd, where x is literal and d is any digit", span
                )
            return ErrorPattern(errno, code << 8)
    raise ConfigError(f'unknown or malformed retry error "{text}"', span)


def _timeout(lower: str, span: Span, warn: Callable[[str], None] | None) -> ErrorPattern:
    rest = lower[7:]
    if rest == "_dns":
        if warn is not None:
            warn(f'"{lower}" is no longer available in retry rules (it has never worked) - treated as "timeout"')
        return ErrorPattern(ETIMEDOUT, 0, "timeout")
    connect = rest.startswith("_connect")
    detail = {"": 0, "_mx": FROM_MX, "_a": FROM_A}.get(rest[8:] if connect else rest)
    if detail is None:
        raise ConfigError('"A", "MX", or "connect" expected after "timeout"', span)
    name = "timeout" + ("_connect" if connect else "") + {0: "", FROM_MX: "_MX", FROM_A: "_A"}[detail]
    return ErrorPattern(ETIMEDOUT, detail | (CONNECTING if connect else 0), name)


def _digits(text: str) -> int | None:
    if text == "xx":
        return 255
    if len(text) == 2 and text[0].isdigit():
        if text[1] == "x":
            return 100 + int(text[0])
        if text[1].isdigit():
            return int(text)
    return None


def _steps(text: str, span: Span) -> list[RetryStep]:
    steps: list[RetryStep] = []
    while text:
        letter = text[0].upper()
        cutoff, text = _argument(text[1:], span)
        if letter not in "FGH":
            raise ConfigError("unknown retry rule letter", span)
        interval, text = _argument(text, span)
        factor = 0
        if letter != "F":
            number, text = _field(text, span)
            factor = _fixed(number)
        seconds, gap = read_time(cutoff), read_time(interval)
        if not seconds or not gap or (letter != "F" and factor < 1000):
            raise ConfigError("bad parameters for retry rule", span)
        steps.append(RetryStep(letter, seconds, gap, factor))
        text = text.lstrip()
        if text:
            if text[0] != ";":
                raise ConfigError("semicolon expected", span)
            text = text[1:].lstrip()
            if text.startswith(";"):
                raise ConfigError("comma expected", span)
    return steps


def _field(text: str, span: Span) -> tuple[str, str]:
    if not text.startswith(","):
        raise ConfigError("comma expected", span)
    text = text[1:].lstrip()
    for pos, char in enumerate(text):
        if char in " \t,;":
            return text[:pos], text[pos:]
    return text, ""


_argument = _field


def _fixed(text: str) -> int:
    """`1.5` in thousandths, cut after three places; -1 when it is none."""
    whole, dot, places = text.partition(".")
    if not whole.isdigit() or (dot and places and not places.isdigit()):
        return -1
    return int(whole) * 1000 + int((places + "000")[:3])


def format_rule(rule: RetryRule) -> str:
    """As -brt prints it, which has no words for some errors, nor for senders."""
    error = "*" if rule.error.name in ("lost_connection", "lookup", "tls_required") else rule.error.name
    if rule.error.errno == Errno.QUOTA:
        error = f"quota_{show_time(rule.error.more)}" if rule.error.more else "quota"
    out = f"{rule.pattern.text}  {error}  "
    for step in rule.steps:
        out += f"{step.letter},{show_time(step.cutoff)},{show_time(step.interval)}"
        if step.letter == "G":
            whole, places = divmod(step.factor, 1000)
            out += f",{whole}." + (f"{places:03}".rstrip("0") or "0")
        out += "; "
    return out


#: does the address (or `*@domain`) match the rule's pattern; given by the caller, who has the lists
Matcher = Callable[[Template, str], bool]


def find_rule(
    rules: Sequence[RetryRule],
    key: str,
    alternate: str,
    errno: int,
    more_errno: int,
    sender: str | None,
    matches: Matcher,
) -> RetryRule | None:
    """The first rule for `key` (an address or a domain), or with `alternate` for a second domain, each rule being
    tried with both. `sender` None: rules with senders never match."""
    for rule in rules:
        if not rule.error.matches(errno, more_errno):
            continue
        if rule.pattern.text != "*" and not _fits(rule.item, key, matches):
            if not alternate or not _fits(rule.item, alternate, matches):
                continue
        if rule.senders is not None and (sender is None or not matches(rule.senders, sender)):
            continue
        return rule
    return None


def _fits(pattern: Template, key: str, matches: Matcher) -> bool:
    return matches(pattern, key if "@" in key else f"*@{key}")
