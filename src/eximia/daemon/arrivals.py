"""The arrival log in a worker: begin it, give files to what stays in it for too long, end it (`spool.arrivals`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eximia.spool.arrivals import ArrivalLog, recover

if TYPE_CHECKING:
    from eximia.context import Process

#: seconds between two looks
EVERY: Final = 0.5


def begin(process: Process) -> ArrivalLog | None:
    """Take over what dead processes left in their logs, and make the log of this one (None: `arrival_log` is off)."""
    take_over(process)
    if not process.main.arrival_log or process.main.mua_wrapper:
        return None
    log = process.spool.arrivals = ArrivalLog(process.spool, process.log.panic)
    return log


def take_over(process: Process) -> None:
    """Write what dead processes left in their logs into files; queue runs then find it."""
    try:
        for message_id in recover(process.spool):
            process.log.main("recovered from the arrival log", message_id)
    except OSError as error:
        process.log.panic(f"arrival log: cannot recover messages: {error.strerror}")


def watch_arrivals(process: Process, log: ArrivalLog) -> None:
    """Policy that never ends: look after the log."""
    ports = process.ports
    while True:
        ports.clock.sleep(EVERY)
        late = log.overdue(ports.clock.monotonic())
        try:
            if late:
                ports.blocking(log.file_all, late)
            if log.unsettled:
                ports.blocking(log.settle)
        except OSError as error:
            process.log.panic(f"arrival log: {error.strerror}")


def end(process: Process, log: ArrivalLog) -> None:
    """The worker ends: what is not delivered gets files."""
    try:
        log.close()
    except OSError as error:
        process.log.panic(f"arrival log: {error.strerror}")
