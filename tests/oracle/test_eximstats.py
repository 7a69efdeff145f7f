"""eximstats of Debian and ours on the same logs: every report is the same, in text and in HTML.

Not compared: delivery times below a second's precision (Debian's counts `1.2s` as nothing)."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eximia.cli.utilities import eximstats

#: not the one of an environment that we are installed in
DEBIAN = shutil.which("eximstats", path="/usr/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(DEBIAN is None, reason="needs Exim's log tools")

LOGS = sorted(Path(__file__).with_name("logs_of_exim").glob("*.log"))
OPTIONS = [
    "",
    "-h2 -ne",
    "-h60 -t2",
    "-t3 -h0",
    "-h0 -t1 -nr -nt",
    "-nvr",
    "-q10,20,300*4 -h0 -t0",
    "-q0 -tnl",
    "-t_remote_users -h0",
    "-bydomain -h0 -q0",
    "-byemail -byedomain -bylocaldomain -h0 -q0",
    "-byhost -bydomain -byemail -byedomain -h0 -q0",
    "-include_original_destination -byemail -t_remote_users -bylocaldomain -h0 -q0",
    "-show_rt -t0 -h0",
    "-nr/far/ -nt/pipe/ -h0 -t0",
    "-pattern 'Foo bar' /x/ -pattern 'Refused connections and more of it' '/rejected|refused/i'",
    "-html",
    "-html -h4 -t3 -byhost -bydomain -bylocaldomain",
    "-html -nvr -nr/1.2.3.4/ -t1 -pattern 'x y' /a/",
    "-html -nr -nt -ne -q0 -tnl",
    "-h0 -foo",
    "-h7",
]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_reports(log: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for options in OPTIONS:
        words = [*shlex.split(options), str(log)]
        debian = subprocess.run([str(DEBIAN), *words], capture_output=True, check=False, timeout=60)
        try:
            status = eximstats.command(words)
        except SystemExit as end:
            status = int(end.code or 0)
        sys.stdout.flush()
        ours = capfdbinary.readouterr()
        assert (status, ours.out if not status else b"") == (
            debian.returncode,
            debian.stdout if not debian.returncode else b"",
        ), options
        assert ours.err.split(b"\n")[0] == debian.stderr.split(b"\n")[0], options


@pytest.mark.parametrize("options", ["", "-html", "-t3 -tnl -q0"])
def test_merged_from_html(tmp_path: Path, options: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    reports = []
    for number, log in enumerate(log for log in LOGS if log.stem in ("mixed", "times", "rejections")):
        made = subprocess.run([str(DEBIAN), "-html", str(log)], capture_output=True, check=True, timeout=60)
        reports.append(str(tmp_path / str(number)))
        Path(reports[-1]).write_bytes(made.stdout)
    words = ["-merge", *options.split(), *reports, *reports]
    debian = subprocess.run([str(DEBIAN), *words], capture_output=True, check=True, timeout=60)
    assert eximstats.command(words) == 0
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == debian.stdout


def test_reasons(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """What is called refused is not always a connection."""
    log = tmp_path / "log"
    said = (
        "cancelled by system filter: refused by policy",
        "a: Connection refused",
        "Connection from [192.0.2.1] a: refused",
    )
    log.write_text("".join(f"2026-11-23 05:27:45 1xVMaf-00005b-5l {each}\n" for each in said))
    debian = subprocess.run([str(DEBIAN), str(log)], capture_output=True, check=True, timeout=60)
    assert eximstats.command([str(log)]) == 0
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == debian.stdout
