"""`dscp`: the traffic class of the connection's packets (manual 44.22; names as in RFC 2474, 2597, 3246, 1349)."""

from __future__ import annotations

from eximia.acl.phases import NOT_SMTP, NOT_SMTP_MIME, NOT_SMTP_START, NOTQUIT, mask
from eximia.acl.run import Run

from .control import Control, syntax_error

#: name -> the whole byte (the code point is its upper six bits)
VALUES = {
    **{f"af{high}{low}": (high << 5) | (low << 3) for high in (1, 2, 3, 4) for low in (1, 2, 3)},
    **{f"cs{n}": n << 5 for n in range(8)},
    "ef": 0xB8,
    "lowdelay": 0x10,
    "throughput": 0x08,
    "reliability": 0x04,
    "mincost": 0x02,
}


def value_of(text: str) -> int | None:
    """The byte for a name or a number of 0 to 0x3F; None when it is neither."""
    found = VALUES.get(text.lower())
    if found is not None:
        return found
    try:
        number = int(text, 0)
    except ValueError:
        return None
    return number << 2 if 0 <= number <= 0x3F else None


def _apply(one: Run, options: str | None) -> None:
    if not options:
        raise syntax_error("dscp", options)
    value = value_of(options)
    setter = one.ctx.session.set_traffic_class
    if value is not None and setter is not None:
        setter(value)


DSCP = Control("dscp", _apply, forbidden=mask(NOTQUIT, NOT_SMTP, NOT_SMTP_START, NOT_SMTP_MIME), takes_options=True)
