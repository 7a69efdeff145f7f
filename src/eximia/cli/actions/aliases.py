"""-bi, and the name newaliases: run `bi_command` as the caller (manual 5.3)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.cli.opening import open_process, refuse

if TYPE_CHECKING:
    from eximia.daemon.invocation import Invocation


def run(call: Invocation) -> int:
    process = open_process(call)
    command = str(process.main.bi_command or "")
    if not command:
        return 0
    uid, gid = os.getuid(), os.getgid()
    if os.geteuid() == 0 and uid != 0:
        os.setgroups([gid])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    words = [command] if call.alias_file is None else [command, call.alias_file]
    try:
        os.execv(command, words)  # noqa: S606
    except OSError as error:
        refuse(f"exim: exec '{command}' failed: {error.strerror}")
