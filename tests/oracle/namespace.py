"""Running commands where the name server, the network and the process numbers are ours: mount, network and PID
namespaces (root is needed). Nothing that the command leaves running survives it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

EXIM = shutil.which("exim4")
needs_namespace = pytest.mark.skipif(
    EXIM is None or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="needs exim4, root and unshare",
)

_SET_UP = """
ip link set lo up; ip addr add 10.1.1.1/24 dev lo
echo nameserver 127.0.0.1 > "$1/resolv.conf"; mount --bind "$1/resolv.conf" /etc/resolv.conf
shift; exec "$@"
"""


def run_inside(
    folder: Path, records: str, command: Sequence[str], *, where: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `command` with `records` as all there is of the DNS; `folder` is for our files, `where` what it starts in."""
    zone = folder / "zone"
    zone.write_text(records)
    server = [sys.executable, str(Path(__file__).with_name("dns_server.py")), str(zone)]
    words = ["unshare", "-mnpf", "--mount-proc", "sh", "-c", _SET_UP, "sh", str(folder), *server, *command]
    return subprocess.run(words, capture_output=True, timeout=240, cwd=where)
