"""`eximia tls-check` of addresses that do not go out by SMTP, or only in the end; DANE and MTA-STS are in `test_mta_sts.py`
and `services/test_dane_documented.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support_rows import SOURCE, free_port, open_folder

CONFIGURATION = """primary_hostname = near.example
spool_directory = @D/spool
log_file_path = @D/log/%slog
keep_environment =
begin routers
here:
  driver = accept
  domains = near.example
  transport = box
alias:
  driver = redirect
  domains = alias.example
  data = box@near.example
many:
  driver = redirect
  domains = many.example
  data = box@near.example, x@out.example
pipe:
  driver = redirect
  domains = pipe.example
  data = |/bin/true
  pipe_transport = box
out:
  driver = manualroute
  domains = out.example
  route_data = 127.0.0.1::PORT
  self = send
  transport = out
begin transports
box:
  driver = appendfile
  file = /dev/null
out:
  driver = smtp
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder() as made:
        (made / "conf").write_text(CONFIGURATION.replace("@D", str(made)).replace("PORT", str(free_port())))
        yield made


def check(folder: Path, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "eximia.cli.launched", "eximia", "tls-check", "-C", str(folder / "conf"), *words]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("near.example", "transport box is not smtp"),
        ("alias.example", "transport box is not smtp"),
        ("pipe.example", "postmaster@pipe.example is not delivered by SMTP"),
        ("user@nosuch.example", "Unrouteable address"),
    ],
)
def test_not_by_smtp(folder: Path, subject: str, why: str) -> None:
    address = subject if "@" in subject else f"postmaster@{subject}"
    assert check(folder, subject) == (1, f"{address}: {why}\n")
    status, text = check(folder, "--json", subject)
    assert status == 1
    assert json.loads(text) == {"address": address, "transport": "", "problem": why, "mta_sts": "", "hosts": []}


def test_one_of_several_goes_out(folder: Path) -> None:
    status, text = check(folder, "many.example")
    assert status == 1
    assert text.startswith("postmaster@many.example: transport out\nMTA-STS: no policy\nhost 127.0.0.1 [127.0.0.1]:")
    assert text.endswith("  rule: opportunistic; no mail: Connection refused\n")
