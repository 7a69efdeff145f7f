"""The log lines of hosts that fail (manual 53.7): `H=name [address]: what happened`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.context.delivery import Host
from eximia.logs.printing import printing
from eximia.transports.tpda import tell

from .connection import raised
from .failure import Failure, Fault

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Address


def host_item(ctx: Context, host: Host, port: int) -> str:
    """`H=name [address]`, with the port where the log selector asks for it."""
    log = ctx.process.log
    wanted = log is not None and log.selectors.outgoing_port and log.selectors.shows_port(port)
    shown = f":{port}" if wanted else ""
    return f"H={host.name} [{host.address}]{shown}"


def log_line(ctx: Context, options: Any, line: str) -> None:
    """What a host did, in the main log and the message log. What it said may have several lines."""
    if options.disable_logging or ctx.process.log is None:
        return
    line = printing(line, topbit=ctx.process.main.print_topbitchars)
    ctx.process.log.main(line, message_id=ctx.message.id)
    note = ctx.message.notes.get("message_log")
    if note is not None:
        note(line)


def log_host_failure(
    ctx: Context, options: Any, host: Host, port: int, failure: Failure, addresses: list[Address]
) -> None:
    """One line in the main log, and the events that go with it."""
    text = failure.text()
    item = host_item(ctx, host, port)
    log_line(ctx, options, f"{item}{': ' if failure.message else ' '}{text}")
    tell_host_failure(ctx, options, host, failure, addresses)


def tell_host_failure(ctx: Context, options: Any, host: Host, failure: Failure, addresses: list[Address]) -> None:
    """The events of a host error; the variables show the first address it concerns."""
    if failure.fault is not Fault.HOST or not addresses:
        return
    address, text = addresses[0], failure.text()
    address_raised(ctx, options, address, "msg:host:defer", text, int(failure.errno))
    action = options.tpda_host_defer_action
    if action is not None:
        tell(ctx, action, "tpda_host_defer_action", address, host, errno=int(failure.errno), text=text)


def address_raised(ctx: Context, options: Any, address: Address, name: str, text: str, errno: int) -> None:
    """Raise an event about one address of a transport's run."""
    variables = ctx.address
    kept = variables.local_part, variables.domain
    variables.local_part, variables.domain = address.local_part, address.domain
    raised(ctx, options, name, text, errno)
    variables.local_part, variables.domain = kept
