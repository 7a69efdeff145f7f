"""Another Python process of ours: the same interpreter, isolated.

Neither the current folder nor the caller's environment may decide which modules a process of root's imports, as they do
with a plain `python -m`. So the process starts with -I and -S, and gets the folders of our code and of the libraries
from us. Run as a script, this file is how it begins:

    python -IS interpreter.py FOLDERS MODULE WORD...
"""

from __future__ import annotations

import os
import sys


def code_folders() -> list[str]:
    """The folder that holds the package, and those of installed libraries; absolute."""
    ours = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    libraries = [each for each in sys.path if os.path.basename(each) in ("site-packages", "dist-packages")]
    return [ours, *(each for each in map(os.path.abspath, libraries) if each != ours)]


def command(module: str, *words: str) -> list[str]:
    """The command that runs a module of ours as a program, with the words as its arguments."""
    return [sys.executable, "-IS", os.path.abspath(__file__), os.pathsep.join(code_folders()), module, *words]


if __name__ == "__main__":
    import runpy

    _, folders, name, *rest = sys.argv
    sys.path[:0] = folders.split(os.pathsep)
    sys.argv[1:] = rest
    runpy.run_module(name, run_name="__main__", alter_sys=True)
