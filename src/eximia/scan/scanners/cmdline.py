"""Any scanner with a command line (manual 45.1). The command is the postmaster's and runs in a shell, as Exim's."""

from __future__ import annotations

import os

from eximia.base.text import from_bytes
from eximia.context import Context
from eximia.scan.mbox import mailbox_file
from eximia.scan.servers import ScanError

from .patterns import name_in, usable


def scan(ctx: Context, options: list[str], until: float) -> str:
    """See the catalogue."""
    if not options or not options[0]:
        raise ScanError("missing commandline specification")
    if len(options) < 2 or not options[1]:
        raise ScanError("missing trigger specification")
    if len(options) < 3 or not options[2]:
        raise ScanError("missing virus name regex specification")
    command, trigger, name = options[:3]
    usable(ctx, trigger)
    usable(ctx, name)
    ports = ctx.process.ports
    with mailbox_file(ctx) as path:
        line = command.replace("%s", os.path.dirname(path))
        ran = ports.helpers.run(
            ["/bin/sh", "-c", line],
            timeout=max(1.0, until - ports.clock.monotonic()),
            merge_errors=True,
        )
    if ran.failure:
        raise ScanError(f"call to scanner failed: {ran.failure}")
    if ran.timed_out:
        raise ScanError("scanner timed out")
    if ran.status:
        # shown as wait(2) gives it
        raise ScanError(f"scanner returned error code: {ran.status << 8 if ran.status > 0 else -ran.status}")
    lines = from_bytes(ran.output).splitlines()
    search = ctx.process.services.regexes.search
    if not any(search(trigger, each) is not None for each in lines):
        return ""
    return name_in(ctx, name, lines)
