"""The arrival log in a worker: begin it, give files to what waits or stays in it for too long, end it
(`spool.arrivals`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eximia.base.errors import Defer
from eximia.spool import filing
from eximia.spool.arrivals import ArrivalLog
from eximia.spool.recovery import recover

if TYPE_CHECKING:
    from eximia.base.ports import Identity
    from eximia.context import Process

#: seconds between two looks
EVERY: Final = 0.5
#: looks between two searches for logs of other processes that died
SEARCH: Final = 40
#: files of queued messages are made when no message came for so long, for a few messages and for more,
QUIET: Final = 0.005
QUIET_OF_MANY: Final = 0.025
#: or when one has waited for so long
PATIENCE: Final = 1.0
#: messages that get files at once
MOST: Final = 50
#: so few do not need the process beside us
FEW: Final = 3
#: seconds for which a thread does what that process could not
ALONE: Final = 60.0


def begin(process: Process, identity: Identity) -> ArrivalLog | None:
    """Take over what dead processes left in their logs, and make the log of this one (None: `arrival_log` is off).
    `identity` is who we are."""
    take_over(process)
    if not process.main.arrival_log or process.main.mua_wrapper:
        return None
    log = process.spool.arrivals = ArrivalLog(process.spool, process.log.panic)
    log.on_waiting = Filer(process, log, identity).wake
    return log


def take_over(process: Process) -> None:
    """Write what dead processes left in their logs into files; queue runs then find it."""
    try:
        for message_id in recover(process.spool):
            process.log.main("recovered from the arrival log", message_id)
    except OSError as error:
        process.log.panic(f"arrival log: cannot recover messages: {error.strerror}")


class Filer:
    """Policy that runs while queued messages wait for files.

    A message that comes alone gets them at once. While many come, sessions go first for up to `PATIENCE` seconds, and
    the files are made by a process beside us.
    """

    def __init__(self, process: Process, log: ArrivalLog, identity: Identity) -> None:
        self._process = process
        self._log = log
        self._identity = identity
        self._busy = False
        self._alone_until = 0.0

    def wake(self) -> None:
        """Messages wait."""
        if not self._busy:
            self._busy = True
            self._process.ports.spawn(self._work)

    def _work(self) -> None:
        log = self._log
        try:
            while log.waiting:
                self._wait_for_quiet()
                batch, fields, fds = log.next_job(MOST)
                try:
                    answer = self._run(fields, fds)
                except BaseException:
                    log.not_filed(batch)
                    raise
                log.filed(batch, answer)
        finally:
            self._busy = False

    def _wait_for_quiet(self) -> None:
        clock, log = self._process.ports.clock, self._log
        while True:
            now = clock.monotonic()
            quiet = log.last_arrival + (QUIET if log.waiting <= FEW else QUIET_OF_MANY)
            if quiet <= now or log.waiting_since + PATIENCE <= now:
                return
            clock.sleep(QUIET)

    def _run(self, fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
        ports = self._process.ports
        now = ports.clock.monotonic()
        if len(fields["records"]) > FEW and now >= self._alone_until:
            try:
                return ports.agents.run(self._identity, "spool_files", fields, fds)
            except Defer as error:
                self._alone_until = now + ALONE
                self._process.log.panic(f"arrival log: {error.message}; spool files are made in a thread")
        return ports.blocking(filing.run, fields, fds)


def watch_arrivals(process: Process, log: ArrivalLog) -> None:
    """Policy that never ends: look after the log."""
    ports = process.ports
    looks = 0
    while True:
        ports.clock.sleep(EVERY)
        looks += 1
        now = ports.clock.monotonic()
        try:
            if late := log.overdue(now):
                ports.blocking(log.file_all, late)
            if log.unsettled:
                ports.blocking(log.settle)
            log.retry(now)
            if log.wants_spare(now):
                ports.blocking(log.prepare)
            if not looks % SEARCH:
                ports.blocking(take_over, process)
        except OSError as error:
            process.log.panic(f"arrival log: {error.strerror}")
        except Exception as error:  # noqa: BLE001  (without us messages would wait until the worker ends)
            process.log.panic(f"arrival log: {type(error).__name__}: {error}")


def end(process: Process, log: ArrivalLog) -> None:
    """The worker ends: what is not delivered gets files."""
    try:
        log.close()
    except OSError as error:
        process.log.panic(f"arrival log: {error.strerror}")
