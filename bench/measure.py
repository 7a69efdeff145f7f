"""CPU time and memory of all processes of one contender, from a control group of its own (or /proc where none)."""

from __future__ import annotations

import os
import time
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


class Group:
    """A control group. Start a contender's first process in it (`enter` in the child); children follow."""

    def __init__(self, name: str) -> None:
        self.version = 1 if (_ROOT / "cpuacct").is_dir() else 2
        base = [_ROOT / "cpuacct", _ROOT / "memory"] if self.version == 1 else [_ROOT]
        self.paths = [each / f"eximia-bench-{name}" for each in base]
        for path in self.paths:
            path.mkdir(exist_ok=True)

    def enter(self) -> None:
        """Move the calling process into the group (used between fork and exec)."""
        for path in self.paths:
            (path / "cgroup.procs").write_text(str(os.getpid()))

    def cpu(self) -> tuple[float, float]:
        """(user, system) seconds of all processes so far, ended ones included.

        The sum is what the scheduler counted. Version 1 splits it by what the timer's tick found running, a few
        hundred times a second, which alone would be several per cent wrong for a run of some seconds.
        """
        if self.version == 1:
            words = (self.paths[0] / "cpuacct.stat").read_text().split()
            total = int((self.paths[0] / "cpuacct.usage").read_text()) / 1e9
            user, system = int(words[1]), int(words[3])
            share = user / max(1, user + system)
            return total * share, total * (1 - share)
        stat = dict(line.split() for line in (self.paths[0] / "cpu.stat").read_text().splitlines())
        return int(stat["user_usec"]) / 1e6, int(stat["system_usec"]) / 1e6

    def processes(self) -> list[int]:
        return [int(each) for each in (self.paths[0] / "cgroup.procs").read_text().split()]

    def memory(self) -> int:
        """Proportional set size of all processes, bytes."""
        total = 0
        for pid in self.processes():
            try:
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
            except OSError:
                continue
        return total

    def kill(self) -> None:
        """End every process of the group."""
        for _ in range(50):
            pids = self.processes()
            if not pids:
                return
            for pid in pids:
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)

    def remove(self) -> None:
        for path in self.paths:
            try:
                path.rmdir()
            except OSError:
                pass
