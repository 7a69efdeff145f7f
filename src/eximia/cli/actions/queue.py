"""-bp, -M..., -q, -R, -S: the queue and its messages (manual 5.3)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.cli.opening import open_process, refuse

if TYPE_CHECKING:
    from eximia.base.ports import Ports
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation


def list_queue(call: Invocation) -> int:
    from eximia.cli.queue_list import show

    process = _open(call)
    return show(
        process,
        call.list_flags,
        call.arguments,
        queue_name=_queue(call),
        requires_admin=process.main.queue_list_requires_admin,
    )


def messages(call: Invocation) -> int:
    from eximia.cli.messages import act
    from eximia.daemon.queue_runs import Deliveries

    process = _open(call)
    return act(
        process,
        call.action,
        call.arguments,
        Deliveries(process, pretend=call.dont_deliver).now,
        queue_name=_queue(call),
        prod_requires_admin=process.main.prod_requires_admin,
    )


def run(call: Invocation) -> int:
    from eximia.aio.direct import DirectPorts
    from eximia.daemon.queue_runs import run_queue, run_settings

    ports = DirectPorts()
    process = _open(call, ports)
    if not process.is_admin and process.main.prod_requires_admin:
        refuse("exim: permission denied")
    for each in call.runs:
        ports.follow_detached()
        if not run_queue(process, run_settings(each), pretend=call.dont_deliver):
            return 1
        ports.wait_for_detached()  # the bounces it made are delivered, or have been tried, when it ends
    return 0


def _open(call: Invocation, ports: Ports | None = None) -> Process:
    """With what a server that died has left in its arrival log."""
    process = open_process(call, ports)
    if os.path.isdir(f"{process.spool.directory}/arrivals"):
        from eximia.daemon.arrivals import take_over

        take_over(process)
    return process


def _queue(call: Invocation) -> str:
    """The queue that -qG names for another action."""
    return call.runs[0].name if call.runs else ""
