"""What the first worker does for the whole server: the daemon's first log line, and the periodic queue runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from eximia.aio.loop_ports import LoopPorts
from eximia.base.errors import ExpansionError
from eximia.config.times import show_time
from eximia.context import Context
from eximia.daemon.queue_runs import run_queue, run_settings
from eximia.expand import expand_int
from eximia.queue.schedule import Schedule
from eximia.reception.daemon import begins_with_tls

if TYPE_CHECKING:
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation


#: when `queue_run_max` cannot be expanded: its default
MOST_RUNS: Final = 5


def announce(process: Process, call: Invocation, addresses: Sequence[tuple[str, int]]) -> None:
    """Log that the daemon has started (manual 53)."""
    if call.inetd_wait:
        seconds = call.inetd_wait_timeout
        end = f"terminating after {seconds} seconds" if seconds else "with no wait timeout"
        parts = ["launched with listening socket", end]
    elif addresses:
        parts = [periods(call)]
        kinds: dict[str, list[tuple[str, int]]] = {"SMTP": [], "SMTPS": []}
        for address, port in addresses:
            kinds["SMTPS" if begins_with_tls(process, port) else "SMTP"].append((address, port))
        shown = (f"for {kind} on {_listening(places)}" for kind, places in kinds.items() if places)
        parts.append(f"listening {' and '.join(shown)}")
    else:
        parts = [periods(call), "not listening for SMTP"]
    process.log.main(f"exim {process.main.exim_version} daemon started: pid={os.getppid()}, {', '.join(parts)}")


def periods(call: Invocation) -> str:
    """`-q30m`, `-qqGname/30m` for a two-phase run of a queue with a name, in the order of the names, or `no queue
    runs` (as Exim 4.98)."""
    runs = sorted((run for run in call.runs if run.interval), key=lambda run: (run.name, run.interval))
    shown = [
        f"-q{'q' if run.two_stage else ''}{f'G{run.name}/' if run.name else ''}{show_time(run.interval)}"
        for run in runs
    ]
    return " ".join(shown) if shown else "no queue runs"


def _listening(places: Sequence[tuple[str, int]]) -> str:
    """`port 25 (IPv6 and IPv4)`, `port 587 (IPv4)`, `[10.1.1.1]:25`, `[::1]:{25,587}`, one after the other."""
    kinds: dict[int, list[str]] = {}
    ports: dict[str, list[int]] = {}
    for address, port in places:
        if address in ("0.0.0.0", "::"):
            kinds.setdefault(port, []).append("IPv6" if ":" in address else "IPv4")
        else:
            ports.setdefault(address, []).append(port)
    shown = [f"port {port} ({' and '.join(each)})" for port, each in kinds.items()]
    for address, each_port in ports.items():
        numbers = ",".join(map(str, each_port))
        shown.append(f"[{address}]:{{{numbers}}}" if len(each_port) > 1 else f"[{address}]:{numbers}")
    return " ".join(shown)


def start_queue_runs(process: Process, call: Invocation, ports: LoopPorts) -> None:
    """Begin the periodic queue runs of -q<time>; the first ones come at once."""
    runs = [(run_settings(run), run.interval) for run in call.runs if run.interval]
    if runs:
        schedule = Schedule(
            ports,
            runs,
            lambda settings: run_queue(process, settings, pretend=call.dont_deliver),
            limit=lambda: most_runs(process),
        )
        ports.bridge.spawn_forever(schedule.run)


def most_runs(process: Process) -> int:
    """`queue_run_max`. A lookup in it that fails for a moment must not end queue runs for good: its default then."""
    try:
        return expand_int(process.main.queue_run_max, Context(process))
    except ExpansionError as error:
        process.log.panic(f"Failed to expand queue_run_max: {error.message}")
        return MOST_RUNS
