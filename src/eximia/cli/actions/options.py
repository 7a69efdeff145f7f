"""-bP: show options (manual 5.3)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from eximia.cli.opening import open_process

if TYPE_CHECKING:
    from eximia.daemon.invocation import Invocation


def run(call: Invocation) -> int:
    from eximia.cli.show_options import show

    process = open_process(call)
    return show(process.config, call.arguments, sys.stdout.write, admin=process.is_admin, no_labels=call.no_labels)
