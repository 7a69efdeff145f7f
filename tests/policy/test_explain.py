"""`eximia explain` names the line that decides, for a session, an address and a queued message."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support_servers import enterable

SOURCE = Path(__file__).resolve().parents[2] / "src"
CONFIGURATION = """\
primary_hostname = here.example
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
never_users =
acl_smtp_rcpt = check_rcpt
acl_not_smtp = accept
domainlist local = here.example
begin acl
check_rcpt:
  deny message = no room for you
       senders = *@bad.example
  accept domains = +local
         verify = recipient
  deny message = relay not permitted
begin routers
outside:
  driver = redirect
  domains = !+local
  allow_fail
  data = :fail: nothing goes out
people:
  driver = accept
  local_parts = alice : bob
  transport = files
later:
  driver = redirect
  local_parts = later
  allow_defer
  data = :defer: the mailbox moves
begin transports
files:
  driver = appendfile
  file = {folder}/mailbox
begin retry
* * F,1h,10m
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "exim.conf").write_text(CONFIGURATION.format(folder=tmp_path))
    (tmp_path / "site.toml").write_text("never_users = []\n")
    for name in ("spool", "log"):
        (tmp_path / name).mkdir()
        if os.geteuid() == 0:  # mail is taken in as the mail user
            (tmp_path / name).chmod(0o777)
    enterable(tmp_path)
    return tmp_path


def run(folder: Path, *words: str, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "eximia.cli.launched", *words],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "EXIMIA_SITE": str(folder / "site.toml")},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def explain(folder: Path, *words: str) -> list[str]:
    return run(folder, "eximia", "explain", "-C", str(folder / "exim.conf"), *words).splitlines()


def line(folder: Path, text: str) -> str:
    """`file:number` of the line of the configuration that contains `text`."""
    path = folder / "exim.conf"
    number = next(n for n, one in enumerate(path.read_text().splitlines(), 1) if text in one)
    return f"{path}:{number}"


def test_a_session(folder: Path) -> None:
    lines = explain(folder, "--ip", "192.0.2.1", "--from", "x@bad.example", "alice@here.example")
    assert any(one.strip().startswith(f"{line(folder, 'senders = ')}: condition senders -> true") for one in lines)
    assert any(one.strip().startswith(f"{line(folder, 'no room')}: statement deny -> succeeded") for one in lines)
    assert "< 550 no room for you" in lines
    # the message is not sent when nobody asks for it
    assert "> Subject: explain" not in lines
    assert lines[-2] == "> QUIT"


def test_a_good_session_reaches_the_end(folder: Path) -> None:
    lines = explain(folder, "--ip", "192.0.2.1", "--from", "x@good.example", "alice@here.example")
    routers = [one for one in lines if "router people for alice@here.example -> " in one]
    assert routers
    assert line(folder, "people:") in routers[0]
    assert any(one.startswith("< 250 OK id=") for one in lines)
    assert not list((folder / "spool").rglob("*-H"))
    assert not (folder / "mailbox").exists()


def test_json(folder: Path) -> None:
    rows = json.loads("\n".join(explain(folder, "--json", "--ip", "192.0.2.1", "a@elsewhere.example")))
    deny = [row for row in rows if row.get("kind") == "statement" and row["outcome"] == "succeeded"]
    assert deny[-1]["line"] == int(line(folder, "relay not permitted").rpartition(":")[2])
    assert {"event": "server", "text": "550 relay not permitted"} in rows


def test_an_address(folder: Path) -> None:
    lines = explain(folder, "someone@elsewhere.example")
    assert any(line(folder, "outside:") in one and "nothing goes out" in one for one in lines)
    assert lines[-1] == "=> someone@elsewhere.example is undeliverable: nothing goes out"


def test_a_queued_message(folder: Path) -> None:
    configuration = str(folder / "exim.conf")
    run(folder, "exim", "-C", configuration, "-odi", "-f", "<>", "later@here.example", given="Subject: x\n\nx\n")
    message = next((folder / "spool" / "input").glob("*-H")).name.removesuffix("-H")
    lines = explain(folder, message)
    assert any(message in one for one in lines)
    assert any("router later for later@here.example -> deferred" in one for one in lines)
    assert any(one.startswith("=> last attempt: ") and one.endswith("the mailbox moves") for one in lines)
    assert any(one.startswith("=>   next try at:") for one in lines)
