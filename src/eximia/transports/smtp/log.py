"""The log lines of hosts that fail (manual 53.7): `H=name [address]: what happened`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.context.delivery import Host

from .connection import raised
from .failure import Failure

if TYPE_CHECKING:
    from eximia.context import Context


def host_item(ctx: Context, host: Host, port: int) -> str:
    """`H=name [address]`, with the port where the log selector asks for it."""
    log = ctx.process.log
    wanted = log is not None and log.selectors.outgoing_port and log.selectors.shows_port(port)
    shown = f":{port}" if wanted else ""
    return f"H={host.name} [{host.address}]{shown}"


def log_host_failure(ctx: Context, options: Any, host: Host, port: int, failure: Failure) -> None:
    """One line in the main log, and the events that go with it."""
    text = failure.text()
    item = host_item(ctx, host, port)
    if not options.disable_logging and ctx.process.log is not None:
        separator = ": " if failure.message else " "
        line = f"{item}{separator}{text}"
        ctx.process.log.main(line, message_id=ctx.message.id)
        note = ctx.message.notes.get("message_log")
        if note is not None:
            note(line)
    raised(ctx, options, "msg:host:defer", text, int(failure.errno))
