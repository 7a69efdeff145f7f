"""The `.route` files given to an installed Exim: what they say is what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from oracle.namespace import EXIM, needs_namespace, run_inside
from support_routing import RouteFile, in_order, route_files

FOLDER = Path(__file__).parents[1] / "policy"
#: where we differ on purpose: the manual says so, or the option is ours
DIFFERENT: dict[str, set[str]] = {}

_ASK = """
import json, subprocess, sys
answers = []
for words in json.load(open(sys.argv[1])):
    done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, timeout=10)
    answers.append([done.stdout.decode("latin-1"), done.returncode])
print(json.dumps(answers))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that Exim's user may enter."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@needs_namespace
@pytest.mark.parametrize("route", list(route_files(FOLDER)), ids=lambda route: route.path.stem)
def test_routes(route: RouteFile, folder: Path) -> None:
    config = route.install(folder)
    commands = [[EXIM, "-C", str(config), "-f", "sender@sender.test", *case.words] for case in route.cases]
    (folder / "commands").write_text(json.dumps(commands))
    asking = [sys.executable, "-c", _ASK, str(folder / "commands")]
    records = "".join(f"{owner} {rtype} {data}\n" for owner, rtype, data in route.records)
    done = run_inside(folder, records, asking) if records else subprocess.run(asking, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    different = DIFFERENT.get(route.path.stem, set())
    for case, (output, status) in zip(route.cases, json.loads(done.stdout), strict=True):
        if " ".join(case.words) not in different:
            expected = case.output.replace("@DIR@", str(folder))
            assert in_order(f"{output}status {status}\n") == in_order(expected), " ".join(case.words)
