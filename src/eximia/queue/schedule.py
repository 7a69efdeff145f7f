"""Starting queue runs at intervals (manual chapter 5, `-q<time>`), at most `queue_run_max` at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .runner import RunSettings

if TYPE_CHECKING:
    from eximia.base.ports import Ports, Task


class Schedule:
    """Runs of several queues, each with its own interval. `start` makes one run; it is called beside the schedule."""

    def __init__(
        self,
        ports: Ports,
        runs: Sequence[tuple[RunSettings, int]],
        start: Callable[[RunSettings], object],
        *,
        limit: Callable[[], int],
    ) -> None:
        """`runs`: settings and seconds. `limit`: `queue_run_max`, asked before each start; 0 is no limit."""
        self._ports = ports
        self._runs = runs
        self._start = start
        self._limit = limit
        self._running: list[Task[object]] = []
        #: set to end the schedule at its next turn
        self.stopped = False

    def run(self) -> None:
        """Start the runs, the first ones at once, until `stopped`. Returns without waiting for runs under way."""
        clock = self._ports.clock
        due = [clock.monotonic() for _ in self._runs]
        while not self.stopped and due:
            now = clock.monotonic()
            for index, (settings, seconds) in enumerate(self._runs):
                if due[index] <= now:
                    # A run that was late does not make the next one early.
                    due[index] = now + seconds
                    self._begin(settings)
            clock.sleep(max(0.0, min(due) - clock.monotonic()))

    def _begin(self, settings: RunSettings) -> None:
        self._running = [task for task in self._running if not task.done()]
        limit = self._limit()
        if limit and len(self._running) >= limit:
            return
        self._running.append(self._ports.spawn(self._start, settings))
