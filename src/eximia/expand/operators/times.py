"""`time_eval` and `time_interval`: Exim's time notation to seconds and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.numbers import interval, seconds, wrap32
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context


def _time_eval(ctx: Context, subject: str, argument: str | None) -> str:
    total = seconds(subject)
    if total is None:
        raise ExpansionError(f'string "{subject}" is not an Exim time interval in "time_eval" operator')
    return str(wrap32(total))


def _time_interval(ctx: Context, subject: str, argument: str | None) -> str:
    if subject and not (subject.isdigit() and subject.isascii()):
        raise ExpansionError(f'string "{subject}" is not a positive number in "time_interval" operator')
    return interval(int(subject[:25] or "0") & 0xFFFFFFFF)


TIME_EVAL = Operator(_time_eval, safe=True)
TIME_INTERVAL = Operator(_time_interval, safe=True)
