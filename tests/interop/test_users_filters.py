"""Filters of users in a server whose workers are not root: what they read is read as the user (manual 22.3)."""

from __future__ import annotations

import os
import signal
import smtplib
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support_servers import enterable, free_port

SOURCE = Path(__file__).resolve().parents[2] / "src"
USER, MAIL = "games", "mail"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts agents")

CONFIGURATION = """exim_user = mail
exim_group = mail
spool_directory = @F/spool
log_file_path = @F/log/%slog
primary_hostname = mx.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = @PORT
daemon_workers = 1
keep_environment =
tls_advertise_hosts =
host_lookup =
acl_smtp_rcpt = accept
begin routers
r:
  driver = redirect
  file = @F/home/${lookup {$local_part} dsearch {@F/names}}
  user = games
  allow_filter
  file_transport = file
  pipe_transport = file
  reply_transport = file
begin transports
file:
  driver = appendfile
begin retry
* * F,1h,1h
"""

#: what a filter writes down -> what it should come to
ALLOWED = {
    "${readfile{@F/home/own}{,}}": "mine,",
    "${if exists{@F/home/own}{yes}{no}}": "yes",
    "${if exists{@F/home/none}{yes}{no}}": "no",
    "${if exists{@F/closed/secret}{yes}{no}}": "no",
    "${extract{size}{${stat:@F/home/own}}}": "5",
    "${lookup{key}lsearch{@F/home/table}{$value}{none}}": "data",
    "${lookup{a.b.c}partial1-lsearch*{@F/home/table}{$value}{none}}": "wild",
    "${lookup{none}wildlsearch{@F/home/table}{$value}{none}}": "none",
    "${if match_domain{one.example}{@F/home/domains}{yes}{no}}": "yes",
    "${if match_domain{key}{lsearch;@F/home/table}{yes}{no}}": "yes",
    "${if match_domain{two.example}{@F/home/domains}{yes}{no}}": "no",
}
#: what it may not do -> the complaint; the files are the mail user's or root's
REFUSED = {
    "${readfile{@F/closed/secret}}": "failed to open @F/closed/secret: Permission denied (euid=5 egid=60)",
    "${lookup{root}lsearch{@F/closed/secret}}": "Permission denied (euid=5 egid=60)",
    "${if match_domain{root}{lsearch;@F/closed/secret}{yes}{no}}": "Permission denied (euid=5 egid=60)",
    "${if match_domain{root}{@F/closed/secret}{yes}{no}}": "failed to open @F/closed/secret",
    "${lookup sqlite,file=@F/spool/data {select a from t}}": "sqlite lookups are not permitted",
    "${lookup{secret}dsearch{@F/closed}}": "dsearch lookups are not permitted",
    "${run{/bin/cat @F/closed/secret}}": "running a command is not permitted",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Callable[[dict[str, str]], tuple[list[str], str]]]:
    with tempfile.TemporaryDirectory(prefix="eximia-filters-") as name:
        folder = Path(name)
        enterable(folder)
        port = free_port()
        for one, owner in (("spool", MAIL), ("log", MAIL), ("closed", MAIL), ("home", USER), ("names", "root")):
            (folder / one).mkdir(mode=0o755 if one == "names" else 0o700)
            subprocess.run(["chown", f"{owner}:", folder / one], check=True)
        for path, text in {
            "home/own": "mine\n",
            "home/table": "key: data\n*.b.c: wild\n",
            "home/domains": "*.example : !two.example\n!two.example\none.example\n",
            "closed/secret": "root: treasure\n",
        }.items():
            (folder / path).write_text(text)
        with sqlite3.connect(folder / "spool" / "data") as base:
            base.execute("create table t(a)")
        base.close()
        (folder / "conf").write_text(CONFIGURATION.replace("@F", name).replace("@PORT", str(port)))
        server = subprocess.Popen(
            [sys.executable, "-m", "eximia.cli.launched", "exim", "-C", str(folder / "conf"), "-bdf"],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        tried = 0

        def deliver(uses: dict[str, str]) -> tuple[list[str], str]:
            """What a filter with these texts writes, and the main log of the delivery."""
            nonlocal tried
            tried += 1
            (folder / "names" / f"f{tried}").touch()
            written, log = folder / "home" / f"written{tried}", folder / "log" / "mainlog"
            lines = "".join(f'logwrite "{text}"\n' for text in uses).replace("@F", name)
            (folder / "home" / f"f{tried}").write_text(f"# Exim filter\nlogfile {written}\n{lines}seen finish\n")
            subprocess.run(["chown", "-R", USER, folder / "home"], check=True)
            before = log.stat().st_size if log.exists() else 0
            with _client(port) as client:
                client.sendmail("a@b.example", [f"f{tried}@x.example"], "Subject: x\r\n\r\nx\r\n")
            for _ in range(1200):
                text = log.read_text()[before:]
                if " Completed" in text or " == " in text:
                    break
                time.sleep(0.05)
            return (written.read_text().splitlines() if written.exists() else []), text.replace(name, "@F")

        yield deliver
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _client(port: int) -> smtplib.SMTP:
    for _ in range(1200):
        try:
            return smtplib.SMTP("127.0.0.1", port, timeout=20)
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server does not serve")


def test_what_is_the_users(server: Callable[[dict[str, str]], tuple[list[str], str]]) -> None:
    written, log = server(ALLOWED)
    assert dict(zip(ALLOWED, written, strict=False)) == ALLOWED, log


@pytest.mark.parametrize("use", REFUSED)
def test_what_is_not(server: Callable[[dict[str, str]], tuple[list[str], str]], use: str) -> None:
    written, log = server({use: ""})
    assert written == []
    assert REFUSED[use] in log
    assert "treasure" not in log
