"""Hands one message to a program in a namespace of its own and prints what came of it (see test_deliveries.py).

python deliveries.py FOLDER exim4|ours SENDER QUEUE-RUNS RECIPIENT...
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support_processes import reports_apart, run_whole

OURS = (
    "import sys; sys.argv[0] = 'exim'; from eximia.cli.main import main; "
    "sys.exit(main(['exim', '-C', '/etc/exim4/exim4.conf', *sys.argv[1:]]))"
)
#: what differs between any two runs, or between the versions
VOLATILE = [
    (r"\b1[a-zA-Z0-9]{5}-[A-Za-z0-9]{11}-[A-Za-z0-9]{4}\b", "ID"),
    (r"\b1[a-zA-Z0-9]{5}-[A-Za-z0-9]{6}-[A-Za-z0-9]{2}\b", "ID"),
    (r"E1[a-zA-Z0-9]{5}-[A-Za-z0-9-]+@", "EID@"),
    (r"Exim 4\.\d\d", "Exim"),
    (r"\d+-eximdsn-\d+", "BOUNDARY"),
    (r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", ""),
    (r"[A-Z][a-z]{2}, \d?\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "DATE"),
    (r"(?m)^(From \S+) .*", r"\1 DATE"),
    (r"(?m)^\d{10} ", "TIME "),
    (r"-frozen \d+", "-frozen"),
    (r"pid=\d+", "pid="),
    (r"(?m)^.* <= .*\n", ""),
    (r"(?m)^(Start|End) queue run.*\n", ""),
    (r"(?m)^(Remote-MTA: X-ip|X-Remote-MTA-|X-Exim-Diagnostic).*\n", ""),
    (r"(?m)^Received from .*\n", ""),
]


def program(which: str) -> list[str]:
    return ["exim4"] if which == "exim4" else [sys.executable, "-c", OURS]


def collect(folder: Path) -> str:
    """Log, panic log, message logs, state and mailboxes as one text."""
    spool = folder / "spool"
    out = []
    for name in ("mainlog", "paniclog"):
        path = spool / "log" / name
        lines = path.read_text().splitlines() if path.exists() else []
        out.append("\n".join([name.upper(), *reports_apart(lines), ""]))
    for path in sorted((spool / "msglog").glob("*")):
        header = (spool / "input" / f"{path.name}-H").read_text().split("\n\n", 1)[0]
        kept = [
            line
            for line in header.splitlines()[2:]
            if not line.startswith("-") or line.startswith(("-frozen", "-localerror", "-deliver_f"))
        ]
        out.append(f"MESSAGE LOG\n{path.read_text()}STATE\n" + "\n".join(sorted(kept)) + "\n")
    for path in sorted((folder / "mail").glob("*")):
        text = re.sub(r"(?m)^Received: .*\n([ \t].*\n)*", "", path.read_text())
        out.append(f"MAILBOX {path.name}\n{text}")
    text = "".join(out)
    for pattern, replacement in VOLATILE:
        text = re.sub(pattern, replacement, text)
    return text.replace(str(folder), "@DIR@")


def main() -> int:
    folder, which, sender, runs, *recipients = sys.argv[1:]
    where = Path(folder)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/etc/exim4"], check=True)
    shutil.copy(where / "exim.conf", "/etc/exim4/exim4.conf")
    exim = pwd.getpwnam("Debian-exim")
    nobody = pwd.getpwnam("nobody")
    for name, owner in (("spool", exim), ("mail", nobody)):
        shutil.rmtree(where / name, ignore_errors=True)
        (where / name).mkdir()
        os.chown(where / name, owner.pw_uid, owner.pw_gid)
    message = (where / "message").read_bytes()
    words = program(which)
    run_whole([*words, "-odi", "-f", sender, *recipients], message)
    for run in runs.split():
        run_whole([*words, run])
    sys.stdout.write(collect(where))
    return 0


if __name__ == "__main__":
    sys.exit(main())
