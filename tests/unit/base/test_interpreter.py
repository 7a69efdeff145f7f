"""Processes of ours import our code and the libraries, and nothing from the current folder or the environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from eximia.base.interpreter import code_folders, command


def test_nothing_foreign_is_imported(tmp_path: Path) -> None:
    for name in ("selectors", "runpy", "re", "sitecustomize", "usercustomize", "eximia"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('foreign')\n")
    done = subprocess.run(
        command("eximia.cli.launched", "exim", "-bV"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONHOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Exim version ")


def test_arguments_arrive() -> None:
    done = subprocess.run(
        command("json.tool", "--indent", "0"), input='{"a b": 1}', capture_output=True, text=True, check=True
    )
    assert done.stdout == '{\n"a b": 1\n}\n'


def test_folders_are_absolute() -> None:
    assert all(os.path.isabs(each) for each in code_folders())
    assert os.path.isfile(os.path.join(code_folders()[0], "eximia", "base", "interpreter.py"))
