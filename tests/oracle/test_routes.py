"""The `.route` files given to an installed Exim: what they say is what it says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from support_routing import RouteFile, in_order, route_files

from oracle.namespace import EXIM, needs_namespace, run_inside

FOLDER = Path(__file__).parents[1] / "policy"
#: where we differ on purpose: the manual says so, or the option is ours
DIFFERENT: dict[str, set[str]] = {}

_ASK = """
import json, subprocess, sys
answers = []
for words in json.load(open(sys.argv[1])):
    done = subprocess.run(words, capture_output=True)
    answers.append([done.stdout.decode("latin-1"), done.returncode])
print(json.dumps(answers))
"""


@needs_namespace
@pytest.mark.parametrize("route", list(route_files(FOLDER)), ids=lambda route: route.path.stem)
def test_routes(route: RouteFile, tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o755)
    config = route.install(tmp_path)
    commands = [[EXIM, "-C", str(config), "-f", "sender@sender.test", *case.words] for case in route.cases]
    (tmp_path / "commands").write_text(json.dumps(commands))
    records = "".join(f"{owner} {rtype} {data}\n" for owner, rtype, data in route.records)
    done = run_inside(tmp_path, records, [sys.executable, "-c", _ASK, str(tmp_path / "commands")])
    assert done.returncode == 0, done.stderr.decode()
    different = DIFFERENT.get(route.path.stem, set())
    for case, (output, status) in zip(route.cases, json.loads(done.stdout), strict=True):
        if " ".join(case.words) not in different:
            expected = case.output.replace("@DIR@", str(tmp_path))
            assert in_order(f"{output}status {status}\n") == in_order(expected), " ".join(case.words)
