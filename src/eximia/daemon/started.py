"""What the first worker does for the whole server: the daemon's first log line, and the periodic queue runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eximia.aio.loop_ports import LoopPorts
from eximia.config.times import show_time
from eximia.context import Context
from eximia.daemon.queue_runs import run_queue, run_settings
from eximia.expand import expand_int
from eximia.queue.schedule import Schedule
from eximia.reception.daemon import begins_with_tls

if TYPE_CHECKING:
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation


def announce(process: Process, call: Invocation, addresses: Sequence[tuple[str, int]]) -> None:
    """Log that the daemon has started (manual 53)."""
    parts = [periods(call)]
    if addresses:
        kinds: dict[str, list[str]] = {"SMTP": [], "SMTPS": []}
        for address, port in addresses:
            kinds["SMTPS" if begins_with_tls(process, port) else "SMTP"].append(_listening(address, port))
        shown = (f"for {kind} on {', '.join(places)}" for kind, places in kinds.items() if places)
        parts.append(f"listening {' and '.join(shown)}")
    else:
        parts.append("not listening for SMTP")
    process.log.main(f"exim {process.main.exim_version} daemon started: pid={os.getppid()}, {', '.join(parts)}")


def periods(call: Invocation) -> str:
    """`-q30m`, `-qGname/30m` for a queue with a name, or `no queue runs`."""
    runs = [f"-q{f'G{run.name}/' if run.name else ''}{show_time(run.interval)}" for run in call.runs if run.interval]
    return ", ".join(runs) if runs else "no queue runs"


def _listening(address: str, port: int) -> str:
    if address in ("0.0.0.0", "::"):
        return f"port {port} (IPv{'6' if ':' in address else '4'})"
    return f"[{address}]:{port}"


def start_queue_runs(process: Process, call: Invocation, ports: LoopPorts) -> None:
    """Begin the periodic queue runs of -q<time>; the first ones come at once."""
    runs = [(run_settings(run), run.interval) for run in call.runs if run.interval]
    if runs:
        schedule = Schedule(
            ports,
            runs,
            lambda settings: run_queue(process, settings, pretend=call.dont_deliver),
            limit=lambda: expand_int(process.main.queue_run_max, Context(process)),
        )
        ports.bridge.spawn_forever(schedule.run)
