"""`ratelimit`: a client's smoothed sending rate against a limit (manual 44.39 to 44.43)."""

from __future__ import annotations

import re
from hashlib import blake2b
from math import exp

from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.phases import (
    DATA,
    DKIM,
    MAIL,
    MIME,
    NOT_SMTP,
    NOT_SMTP_MIME,
    NOT_SMTP_START,
    PRDR,
    PREDATA,
    RCPT,
    Phase,
    mask,
)
from eximia.acl.run import Run
from eximia.base.listtext import split_list
from eximia.base.namedtuple import NamedTuple
from eximia.config.times import read_time
from eximia.hints import RateRecord

_PER = ("per_addr", "per_byte", "per_cmd", "per_conn", "per_mail", "per_rcpt")
_MODES = {"leaky": "leaky", "strict": "strict", "readonly": "readonly", "noupdate": "readonly"}
#: what is measured, as the stored keys call it
_STORED = {"per_addr": "per_rcpt", "per_byte": "per_mail", "": "per_mail"}
_UNITS = {"k": 1024.0, "m": 1024.0**2, "g": 1024.0**3}
_NUMERAL = re.compile(r" *\+?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?")
_RCPT_PHASES = mask(RCPT, PREDATA, MIME, DKIM, PRDR, DATA, NOT_SMTP, NOT_SMTP_MIME)
_MAIL_PHASES = _RCPT_PHASES | MAIL.bit
_EVENT_SIZE = 8
#: events kept for a key; more are counted without being kept
_MOST_EVENTS = 1 << 16
_TINY = 1e-9


class Limit(NamedTuple):
    """The condition's argument, understood. `unique` None: events are not told apart."""

    limit: float
    period: int
    shown_limit: str
    shown_period: str
    per: str
    mode: str
    weight: float
    unique: str | None
    key: str

    @property
    def stored_key(self) -> str:
        """The key in the hints database: everything that changes the meaning of the rate is part of it."""
        unique = "" if self.unique is None else "unique/"
        return f"{self.shown_period}/{self.per}/{unique}{self.key}"


def _error(text: str) -> AclError:
    return AclError(f'error in arguments to "ratelimit" condition: {text}')


def _number(text: str) -> float:
    """A positive number; nothing is 0."""
    if not text:
        return 0.0
    if not _NUMERAL.fullmatch(text):
        raise ValueError
    return float(text)


def _limit(text: str) -> float:
    """A positive number, perhaps with K, M or G."""
    unit = _UNITS.get(text[-1:].lower())
    return _number(text) if unit is None else _number(text[:-1]) * unit


def parse(one: Run, text: str) -> Limit:
    """Read `limit / period / options / key`. Raises AclError."""
    items = split_list(text, "/")
    if not items:
        raise _error("sender rate limit not set")
    shown_limit = items[0]
    try:
        limit = _limit(shown_limit)
    except ValueError:
        raise _error(f'"{shown_limit}" is not a positive number') from None
    shown_period = items[1] if len(items) > 1 else "NULL"
    period = read_time(shown_period)
    if not period:
        raise _error(f'"{shown_period}" is not a time value')
    per = mode = ""
    count: float | None = None
    unique: str | None = None
    key: list[str] = []
    for option in items[2:]:
        word = option.lower()
        if word in _MODES:
            if mode and mode != _MODES[word]:
                raise _error("conflicting update modes")
            mode = _MODES[word]
        elif word in _PER:
            if per:
                raise _error("conflicting per_* options")
            per = word
        elif word.startswith("count="):
            try:
                count = _number(option[6:])
            except ValueError:
                raise _error(f'"{option}" is not a positive number') from None
        elif word.startswith("unique="):
            unique = option[7:]
        else:
            key.append(option)
    ctx = one.ctx
    if per == "per_addr" and unique is None:
        address = ctx.address
        unique = f"{address.local_part}@{address.domain}"
    stored = _STORED.get(per, per)
    if not _fits(per, one.phase):
        if mode in ("leaky", "strict"):
            raise _error(
                f'"{stored}" must not have /leaky or /strict option, or cannot be used in {one.phase.log_name} ACL'
            )
        mode = "readonly"
    mode = mode or "leaky"
    if mode == "readonly":
        count = 0.0
    elif count is None:
        count = _usual_count(one, per)
    return Limit(
        limit,
        period,
        shown_limit,
        shown_period,
        stored,
        mode,
        count,
        unique,
        "/".join(key) if key else ctx.session.sender_host_address,
    )


def _fits(per: str, phase: Phase) -> bool:
    """Whether what is measured happens in this phase."""
    if per == "per_addr":
        return phase is RCPT
    if per == "per_rcpt":
        return bool(phase.bit & _RCPT_PHASES)
    if per == "per_conn":
        return not phase.bit & mask(NOT_SMTP, NOT_SMTP_START)
    return per in ("", "per_cmd") or bool(phase.bit & _MAIL_PHASES)


def _usual_count(one: Run, per: str) -> float:
    message = one.ctx.message
    if per == "per_byte":
        return float(max(message.size, 0))
    if per == "per_rcpt" and one.phase is not RCPT:
        return float(len(message.recipients))
    return 1.0


def smoothed(old: float, passed: float, period: float, count: float) -> float:
    """The rate after `count` events, `passed` seconds after it was `old`: an exponentially weighted mean."""
    steps = max(passed / period, _TINY)
    weight = exp(-steps)
    return (1.0 - weight) * count / steps + weight * old


def _check(one: Run, text: str) -> bool:
    wanted = parse(one, text)
    session = one.ctx.session
    session.sender_rate_limit = wanted.shown_limit
    session.sender_rate_period = wanted.shown_period
    key = wanted.stored_key
    if one.debug:
        one.say(f"ratelimit condition count={wanted.weight:.0f} {wanted.limit:.1f}/{key}")
    # What was only read is remembered, too, but not as what was measured.
    reads = wanted.mode == "readonly"
    known = _remembered(one, "" if reads else wanted.per)
    kept_as = f"read/{key}" if reads else key
    if kept_as in known:
        rate = known[kept_as]
        if one.debug:
            one.say(f"ratelimit found pre-computed rate {rate:.1f}")
    else:
        known[kept_as] = rate = _measure(one, wanted, key)
        if one.debug:
            one.say(f"ratelimit computed rate {rate:.1f}")
    session.sender_rate = f"{rate:.1f}"
    return rate >= wanted.limit


def _remembered(one: Run, per: str) -> dict[str, float]:
    """The rates computed for this connection, message or command, so that one event counts once."""
    if per == "per_conn":
        notes = one.ctx.session.notes
    elif per == "per_mail":
        notes = one.ctx.message.notes
    else:
        # One dictionary a command: what is remembered belongs to the command line and its number.
        session = one.ctx.session
        command = (len(session.command_history), session.smtp_command, one.ctx.address.local_part, one.phase.bit)
        kept = session.notes.get("ratelimit.command")
        if kept is None or kept[0] != command:
            kept = session.notes["ratelimit.command"] = (command, {})
        known: dict[str, float] = kept[1]
        return known
    rates: dict[str, float] = notes.setdefault("ratelimit", {})
    return rates


def _measure(one: Run, wanted: Limit, key: str) -> float:
    """Compute the rate, and store it as the mode says."""
    now = one.ctx.process.ports.clock.time()
    rates: list[float] = []

    def change(old: RateRecord | None) -> RateRecord | None:
        new, rate = _updated(one, wanted, old, now)
        rates.append(rate)
        return new

    table = one.ctx.process.hints.ratelimit
    if wanted.mode == "readonly":
        change(table.get(key))
    else:
        table.update(key, change)
    # A store that cannot be written gives no rate: the first event of a new key, then.
    return rates[-1] if rates else wanted.weight


def _updated(one: Run, wanted: Limit, old: RateRecord | None, now: float) -> tuple[RateRecord | None, float]:
    """(what to store or None, the rate)."""
    events = b"" if old is None else old.events
    epoch = now if old is None or not old.epoch else old.epoch
    count = wanted.weight
    if wanted.unique is not None and wanted.mode != "readonly":
        if now - epoch > wanted.period:
            events, epoch = b"", now
        event = blake2b(wanted.unique.encode("latin-1"), digest_size=_EVENT_SIZE).digest()
        if _contains(events, event):
            count = 0.0
        elif len(events) < _MOST_EVENTS * _EVENT_SIZE:
            events += event
        if one.debug:
            one.say(f"ratelimit checking uniqueness of {wanted.unique}")
            one.say("ratelimit event found in set" if count == 0.0 else "ratelimit event added to set")
    if old is None:
        rate = count
        if one.debug:
            one.say("ratelimit creating new rate data block")
            one.say("ratelimit initializing new key's rate data")
    else:
        rate = smoothed(old.rate, now - old.time, wanted.period, count)
        if one.debug:
            one.say("ratelimit found key in database")
    if wanted.mode == "readonly":
        if one.debug:
            one.say("ratelimit db not updated: readonly mode")
        return None, rate
    if wanted.mode == "leaky" and rate >= wanted.limit:
        if one.debug:
            one.say("ratelimit db not updated: over the limit, but leaky")
        return None, rate
    if one.debug:
        one.say("ratelimit db updated")
    return RateRecord(now, rate, 0.0 if wanted.unique is None else epoch, events), rate


def _contains(events: bytes, event: bytes) -> bool:
    at = events.find(event)
    while at >= 0 and at % _EVENT_SIZE:
        at = events.find(event, at + 1)
    return at >= 0


RATELIMIT = Handler("ratelimit", _check)
