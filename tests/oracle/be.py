"""The same strings given to an installed Exim and to ourselves, both as programs: `exim -be`, strings on standard input.

Each string is followed by a mark, so that answers of several lines can be told apart. When a program dies of a string,
the rest goes to a new one, and the answer is `DIED`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

EXIM = shutil.which("exim4") or shutil.which("exim")
OURS = [sys.executable, "-m", "eximia.cli.launched", "exim"]
SOURCE = Path(__file__).parents[2] / "src"
MARK = "@=mark=@"
DIED = "(died)"
#: strings for one run of a program
CHUNK = 400
LINE = 900


def theirs(options: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Exim's answers."""
    assert EXIM is not None
    return answers([EXIM], options, texts)


def ours(options: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Our answers."""
    return answers(OURS, options, texts)


def folded(text: str) -> str:
    """A long string in lines that are continued: Exim cuts lines of more than a thousand characters."""
    lines = []
    while len(text) > LINE:
        end = LINE
        while text[end - 1] in "\\ \t" or text[end] in "\\ \t":
            end -= 1
        lines.append(text[:end] + "\\\n")
        text = text[end:]
    return "".join(lines) + text


def answers(program: Sequence[str], options: Sequence[str], texts: Sequence[str]) -> list[str]:
    """One answer for each of `texts`, which are one line each."""
    found: list[str] = []
    while len(found) < len(texts):
        chunk = texts[len(found) : len(found) + CHUNK]
        lines = "".join(f"{folded(text)}\n\\N{MARK}\\N\n" for text in chunk)
        done = subprocess.run(
            [*program, *options],
            input=lines.encode("latin-1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=300,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        parts = done.stdout.decode("latin-1").split(f"> {MARK}\n")
        found += [part.removeprefix("> ").removesuffix("\n") for part in parts[:-1]]
        if len(parts) <= len(chunk):
            found.append(DIED)
    return found
