"""-bP: show options (manual 5.3)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from eximia.cli.opening import open_process, refuse

if TYPE_CHECKING:
    from eximia.daemon.invocation import Invocation


def run(call: Invocation) -> int:
    from eximia.cli.show_options import DeniedError, show

    process = open_process(call)
    words, out = call.arguments, sys.stdout.write
    try:
        return show(process.config, words, out, admin=process.is_admin, no_labels=call.no_labels)
    except DeniedError:
        refuse("exim: permission denied")
