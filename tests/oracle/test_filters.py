"""Exim filters and Sieve scripts under `-bf` and `-bF`, against an installed Exim 4.96."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from oracle.filter_strings import Filters

EXIM = shutil.which("exim4") or shutil.which("exim")
pytestmark = pytest.mark.skipif(EXIM is None or os.getuid() != 0, reason="needs an installed Exim and root")

HERE = Path(__file__).parent
MESSAGE = (
    "From: Joe Bloggs <joe@far.ex>\nTo: me@qual.ex, you@b.ex\nSubject: Test message\nMessage-ID: <abc@def>\n"
    "X-Num: 12\n\nbody line one\nline two spam\n"
)
OURS = [sys.executable, "-c", "import sys; from eximia.cli.main import main; sys.exit(main(['exim', *sys.argv[1:]]))"]


def load(name):
    lines = [line for line in (HERE / name).read_text().split("\n") if line and not line.startswith("#")]
    return [re.sub(r"(?<!\\)\\n", "\n", line).replace("\\\\n", "\\n") for line in lines]


def split_case(line):
    options, _, text = line.partition("|")
    return options.split(), text.replace("\\|", "|")


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(prefix="filters-oracle-") as name:
        path = Path(name)
        path.chmod(0o777)
        (path / "conf").write_text(
            f"primary_hostname = mail.test.ex\nspool_directory = {path}/spool\nlog_file_path = {path}/%slog\n"
            "keep_environment =\nqualify_domain = qual.ex\n"
        )
        yield path


def both(folder, name, text, options):
    path = folder / name
    path.write_text(text, encoding="latin-1")
    letter = "-bF" if "-F" in options else "-bf"
    arguments = ["-C", str(folder / "conf"), letter, str(path), *(each for each in options if each != "-F")]
    results = []
    for command in ([EXIM], OURS):
        result = subprocess.run(
            [*command, *arguments],
            input=MESSAGE,
            capture_output=True,
            encoding="latin-1",
            check=False,
            env={**os.environ, "PYTHONPATH": str(HERE.parent.parent / "src")},
        )
        results.append((result.stdout, result.returncode))
    return results


@pytest.mark.parametrize("line", load("filters.cases"))
def test_exim_filters(folder, line):
    options, text = split_case(line)
    theirs, mine = both(folder, "filter", f"# Exim filter\n{text}\n", options)
    assert mine == theirs


@pytest.mark.parametrize("line", load("sieve.cases"))
def test_sieve_scripts(folder, line):
    theirs, mine = both(folder, "script", f"# Sieve filter\n{line}\n", [])
    assert mine == theirs


@pytest.mark.parametrize("text", (HERE / "filters_manual.txt").read_text().split("\n==\n"))
def test_examples_of_the_manual(folder, text):
    theirs, mine = both(folder, "filter", f"# Exim filter\n{text}\n", [])
    assert mine == theirs


@pytest.mark.parametrize("seed", range(2))
def test_random_filters(folder, seed):
    source = Filters(seed)
    different = []
    for _ in range(40):
        text = source.one()
        theirs, mine = both(folder, "filter", f"# Exim filter\n{text}\n", [])
        if mine != theirs:
            different.append((text, theirs, mine))
    assert len(different) <= 1, different
