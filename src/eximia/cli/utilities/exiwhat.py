"""exiwhat: what the running processes are doing (manual 54.1)."""

from __future__ import annotations

import getopt
import os
import signal
import sys
import time
from collections.abc import Sequence

from .common import fail, open_configured, write


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    try:
        pairs, _ = getopt.getopt(list(words), "C:D:")
    except getopt.GetoptError as error:
        fail(f"exiwhat: {error.msg}")
    options = [word for name, value in pairs for word in ((name, value) if name == "-C" else (name + value,))]
    process = open_configured(options)
    path = str(process.main.process_log_path or f"{process.spool.directory}/exim-process.info")
    try:
        # Only what is there is emptied: made by us, the server could not write to it.
        os.truncate(path, 0)
    except OSError:
        pass
    for pid in processes():
        try:
            os.kill(pid, signal.SIGUSR1)
        except (ProcessLookupError, PermissionError):
            continue
    time.sleep(1)
    try:
        with open(path, encoding="latin-1") as file:
            lines = sorted(set(file.read().splitlines()))
    except FileNotFoundError:
        lines = []
    if not lines:
        write("No exim process data\n")
        return 0
    write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
    return 0


def processes(proc: str = "/proc") -> list[int]:
    """The workers of the servers that run here. (A parent may have any name.) A process that does not catch the signal
    yet is left alone, for it would die of it."""
    found = []
    for entry in os.listdir(proc):
        if not entry.isdigit():
            continue
        try:
            with open(f"{proc}/{entry}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            if b"eximia.daemon.worker" in words[:6] and _catches(f"{proc}/{entry}/status"):
                found.append(int(entry))
        except OSError:
            continue
    return found


def _catches(status: str) -> bool:
    with open(status, encoding="latin-1") as file:
        for line in file:
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGUSR1 - 1) & 1)
    return False
