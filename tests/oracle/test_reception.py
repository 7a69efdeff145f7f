"""The same receptions by Exim and by us: replies, exit status, spooled headers and bodies, log lines.

`tests/oracle/reception_cases.py` holds them. Ids, times, versions and what Exim 4.96 does not know are made equal.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from eximia.cli.main import main
from oracle.reception_cases import CASES, Case

EXIM = shutil.which("exim4")
pytestmark = [
    pytest.mark.skipif(EXIM is None, reason="exim4 is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the installed Exim takes -C from root only"),
]

BASE = """
primary_hostname = mx.test.example
qualify_domain = test.example
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
timezone = UTC
host_lookup =
tls_advertise_hosts =
queue_only
log_selector = +all -arguments -pid -millisec
"""

_ID = re.compile(r"\b(E?)[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}\b")
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", re.MULTILINE)
_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
_PLACES = [
    (re.compile(r"Exim 4\.\d+"), "Exim VERSION"),
    (re.compile(r" Ci=[\w-]+"), ""),
    (re.compile(r"\bD=\d+s"), "D=0s"),
    (re.compile(r"^--dsn_envid", re.MULTILINE), "-dsn_envid"),
    (re.compile(r"^-received_time.*\n", re.MULTILINE), ""),
    (re.compile(r"^(-frozen) \d+", re.MULTILINE), r"\1 TIME"),
    (re.compile(r"^(<.*>\n)\d+ 0\n", re.MULTILINE), r"\1TIME 0\n"),
]


def normal(text: str) -> str:
    text = _DATE.sub("DATE", _STAMP.sub("", _ID.sub(r"\1ID", text)))
    for pattern, by in _PLACES:
        text = pattern.sub(by, text)
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if not line.startswith(("250-LIMITS", ">>>")) and "lost privilege for using" not in line
    )


def by_exim(args: list[str], said: bytes, _folder: Path) -> tuple[int, bytes, bytes]:
    assert EXIM is not None
    done = subprocess.run([EXIM, *args], input=said, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def by_us(args: list[str], said: bytes, folder: Path) -> tuple[int, bytes, bytes]:
    """The program in a fork of this process: it is imported already."""
    (folder / "in").write_bytes(said)
    child = os.fork()
    if child == 0:
        status = 99
        try:
            os.dup2(os.open(folder / "in", os.O_RDONLY), 0)
            for number, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            sys.stdin, sys.stdout, sys.stderr = (os.fdopen(fd, mode) for fd, mode in ((0, "r"), (1, "w"), (2, "w")))
            try:
                status = main(["exim", *args])
            except SystemExit as stop:
                status = stop.code if isinstance(stop.code, int) else 1
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended), (folder / "out").read_bytes(), (folder / "err").read_bytes()


Run = Callable[[list[str], bytes, Path], tuple[int, bytes, bytes]]


def outcome(run: Run, case: Case, folder: Path, more: str) -> dict[str, str]:
    """Everything that can be seen of one reception."""
    config = folder / "configuration"
    main = case.main
    rcpt = "" if "acl_smtp_rcpt" in main else "acl_smtp_rcpt = yes\n"
    config.write_text(
        f"{BASE}{more}spool_directory = {folder}/spool\nlog_file_path = {folder}/log/%slog\n{rcpt}{main}\n"
        f"begin acl\nyes:\n  accept\n{case.acl}\nbegin routers\nr:\n  driver = accept\n  transport = t\n"
        "begin transports\nt:\n  driver = appendfile\n  file = /dev/null\n"
    )
    config.chmod(0o644)
    entry = pwd.getpwnam("Debian-exim")
    for name in ("spool", "log"):
        (folder / name).mkdir()
        os.chown(folder / name, entry.pw_uid, entry.pw_gid)
    args = ["-C", str(config), *(() if case.args[0] == "-bh" else ("-odq",)), *case.args]
    status, output, errors = run(args, case.input.encode("latin-1"), folder)
    seen = {
        "status": str(status),
        "replies": normal(output.decode("latin-1").replace("\r\n", "\n")),
        "errors": normal(errors.decode("latin-1")),
    }
    messages = []
    for path in sorted((folder / "spool" / "input").glob("*-H")):
        header = normal(path.read_text("latin-1"))
        body = normal(Path(f"{str(path)[:-1]}D").read_bytes().decode("latin-1").partition("\n")[2])
        messages.append(f"{header}\n--body--\n{body}")
    seen["spool"] = "\n=====\n".join(sorted(messages))
    for kind in ("main", "reject", "panic"):
        path = folder / "log" / f"{kind}log"
        seen[kind] = normal(path.read_text("latin-1")) if path.exists() else ""
    return seen


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_same(case: Case) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        for folder in (one, two):
            os.chmod(folder, 0o755)
        expected = outcome(by_exim, case, Path(one), "")
        found = outcome(by_us, case, Path(two), "message_id_format = short\n")
        for seen, folder in ((expected, one), (found, two)):
            for key in seen:
                seen[key] = seen[key].replace(folder, "FOLDER")
    assert found == expected
