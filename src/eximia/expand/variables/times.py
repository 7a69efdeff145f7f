"""Variables of the time of day."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.text import Untainted
from eximia.message import dates

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.expand.nodes import Run


def _time(form: Callable[[float], str]) -> Run:
    def run(ctx: Context) -> str:
        return Untainted(form(ctx.process.ports.clock.time()))

    return run


def _logfile(now: float) -> str:
    return dates.log_stamp(now)[:10].replace("-", "")


VARIABLES: dict[str, Run] = {
    "tod_bsdinbox": _time(dates.mbox),
    "tod_epoch": _time(lambda now: str(int(now))),
    "tod_epoch_l": _time(lambda now: str(int(now * 1_000_000))),
    "tod_full": _time(dates.rfc5322),
    "tod_log": _time(dates.log_stamp),
    "tod_logfile": _time(_logfile),
    "tod_zone": _time(lambda now: dates.zone(int(now))),
    "tod_zulu": _time(dates.zulu),
}
