"""exigrep of Debian and ours on the same logs."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eximia.cli.utilities import exigrep

#: not the one of an environment that we are installed in
DEBIAN = shutil.which("exigrep", path="/usr/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(DEBIAN is None, reason="needs Exim's log tools")

LOGS = [Path(__file__).with_name("logs_of_exim") / f"{name}.log" for name in ("mixed", "hosts", "times", "reasons")]
CASES = [
    "alice", "-l a@b", "-v alice", "-I ALICE", "-I alice", "-t 5 example", "-M harry", "-M 1vM1ad-000004-01",
    "'rejected RCPT'", "Frozen", "-v .", "1vM1ac", "nosuch", "'^2026-11-20 10'", "-lI a@b", "remote_smtp",
    "'S=[0-9]{5}'", "-lit -v alice", "-foo x", "-t 5 -v nosuch", "-t 0 example", "-M alice", "rejected", "-v rejected",
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_lines(case: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for log in LOGS:
        words = [*shlex.split(case), str(log)]
        debian = subprocess.run([str(DEBIAN), *words], capture_output=True, check=False, timeout=30)
        status = exigrep.command(words)
        sys.stdout.flush()
        assert _messages(capfdbinary.readouterr().out) == _messages(debian.stdout), log.stem
        assert status == debian.returncode


def _messages(shown: bytes) -> list[bytes]:
    """Debian's gives those that are not complete in the order of a hash."""
    return sorted(shown.split(b"\n\n"))
