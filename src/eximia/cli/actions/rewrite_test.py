"""-brw: how an address would be rewritten in each place of a message (manual 5.3, 31.3)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from eximia.cli.actions.expand import context
from eximia.cli.opening import open_process

if TYPE_CHECKING:
    from eximia.daemon.invocation import Invocation


def run(call: Invocation) -> int:
    from eximia.cli.actions.address_test import complain
    from eximia.cli.address_test import TestLog
    from eximia.rewrite.engine import STRICT, UnusableRule
    from eximia.rewrite.testing import rewrite_report

    if not call.arguments:
        print("-brw needs an address argument")
        return 1
    process = open_process(call)
    ctx = context(process, call)
    # What goes wrong is told here, and not in the logs.
    process.log = log = TestLog(process.log.selectors, complain, labelled=call.verbose)
    ctx.message.notes[STRICT] = True
    if not process.config.rewrite:
        sys.stdout.write("No rewrite rules are defined\n")
        return 0
    # Further arguments are not looked at.
    try:
        for line in rewrite_report(ctx, call.arguments[0]):
            sys.stdout.buffer.write(line.encode("latin-1", "replace") + b"\n")
    except UnusableRule as error:
        log.die(str(error))
        return 1
    return 0
