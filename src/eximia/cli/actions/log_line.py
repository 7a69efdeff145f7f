"""-z: an operational note in the main log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.cli.opening import need_admin, open_process

if TYPE_CHECKING:
    from eximia.daemon.invocation import Invocation


def run(call: Invocation) -> int:
    process = open_process(call)
    need_admin(process)
    process.log.main(call.log_line or "")
    return 0
