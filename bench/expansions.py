"""How long an expansion takes, beside `exim4 -be` on the same string: ratios, not seconds.

Run: PYTHONPATH=src:tests python bench/expansions.py
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from eximia.base.template import Template
from eximia.expand import expand
from expand.world import context

STRINGS = {
    "constant": "a:b:c",
    "variable": "x $primary_hostname y",
    "if eq": "${if eq{$primary_hostname}{postmaster}{yes}{no}}",
    "and, match": "${if and{{eq{$primary_hostname}{mail.test.example}}{match{user}{\\N^u\\N}}}{a $0}{b}}",
    "extract": "${extract{2}{:}{a:$primary_hostname:c}}",
    "map": "${map{a:b:c}{[$item]}}",
    "sg": "${sg{$primary_hostname}{e}{3}}",
    "Received": (
        "Received: ${if def:sender_rcvhost {from $sender_rcvhost\\n\\t}{${if def:sender_ident "
        "{from ${quote_local_part:$sender_ident} }}}}by $primary_hostname ${if def:received_protocol "
        "{with $received_protocol }}(Exim $version_number)\\n\\tid $message_exim_id"
    ),
}
ROUNDS = 20_000


def ours(text: str) -> float:
    """Microseconds."""
    ctx = context()
    template = Template(text)
    expand(template, ctx)
    start = time.perf_counter()
    for _ in range(ROUNDS):
        expand(template, ctx)
    return (time.perf_counter() - start) / ROUNDS * 1e6


def exim(program: str, configuration: Path, text: str) -> float:
    """Microseconds, over the cost of a line that needs no expansion."""

    def spent(line: str) -> float:
        lines = f"{line}\n".encode() * ROUNDS
        start = time.perf_counter()
        subprocess.run([program, "-C", str(configuration), "-be"], input=lines, capture_output=True, check=False)
        return time.perf_counter() - start

    return max(spent(text) - spent("x"), 0) / ROUNDS * 1e6


def main() -> None:
    program = shutil.which("exim4")
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder, "exim.conf")
        configuration.write_text(
            f"primary_hostname = mail.test.example\nspool_directory = {folder}\nkeep_environment =\n"
        )
        for name, text in STRINGS.items():
            mine = ours(text)
            line = f"{name:12} {mine:7.2f} us"
            if program is not None:
                theirs = exim(program, configuration, text)
                line += f"   exim {theirs:7.2f} us   ratio {mine / theirs if theirs else 0:5.2f}"
            print(line)


if __name__ == "__main__":
    main()
