"""exipick and exiqgrep of Debian and ours on a queue that Exim has written: the same messages, the same words.

Debian's exipick shows recipients in no order, so a line's words are compared in order. Left out: its tests of
each recipient, which it never lets come true, and headers that repeat, which it joins without a newline."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from eximia.cli.utilities import exipick, exiqgrep

pytestmark = pytest.mark.skipif(
    shutil.which("exim4") is None or shutil.which("exipick") is None or os.geteuid() != 0,
    reason="needs exim4, its tools and root",
)

CASES = Path(__file__).with_name("exipick.cases").read_text().splitlines()
EXIQGREP = ["", "-i", "-c", "-b", "-l", "-z", "-x -i", "-f from.example -i", "-r two -i", "-s 40K -i", "-o 86400 -i",
    "-y 86400 -i", "-R -i", "-a", "-f nobody -c", "-ir two", "-zi", "-R -b", "-f '^<>$' -i", "-r one -c"]  # fmt: skip
CONFIGURATION = """\
spool_directory = {folder}/spool
exim_user = Debian-exim
exim_group = Debian-exim
log_file_path = {folder}/spool/%slog
primary_hostname = h.example
queue_only
keep_environment =
dsn_advertise_hosts = *
trusted_users = root
acl_smtp_rcpt = acl_check
begin acl
acl_check:
  accept set acl_m1 = two words
         set acl_c_x = conn
         set acl_m_long = a\\nb
"""
REMOTE = """\
EHLO client.example
MAIL FROM:<sender@client.example>
RCPT TO:<a@one.example> NOTIFY=SUCCESS ORCPT=rfc822;q@x
RCPT TO:<b@two.example>
RCPT TO:<c@three.example>
DATA
Received: from x by y; Mon, 1 Jan 2024 00:00:00 +0000
From: "Foo, Bar" <foo@client.example>
Reply-To: rr@client.example
To: a@one.example
X-Long: a
 b

some body
.
QUIT
"""
LINES = "long line\n" * 4000
BOUNCE = f"EHLO c2\nMAIL FROM:<>\nRCPT TO:<a@one.example>\nDATA\nSubject: bounce\n\n{LINES}.\nQUIT\n"
LOCAL = "From: a@b.c\nTo: x@one.example, y@two.example\nSubject: =?utf-8?q?caf=C3=A9?= one\n\nbody line 1\nline 2\n"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "spool").mkdir()
        shutil.chown(place / "spool", "Debian-exim", "Debian-exim")
        (place / "conf").write_text(CONFIGURATION.format(folder=place))

        def exim(*words: str, text: str = "") -> None:
            subprocess.run(["exim4", "-C", str(place / "conf"), *words], input=text, text=True, capture_output=True)

        exim("-f", "s@from.example", "x@one.example", "y@two.example", text=LOCAL)
        far = ["-oMa", "192.0.2.9.4567", "-oMs", "client.example", "-oMi", "127.0.0.1.25", "-oMr", "esmtp"]
        exim("-bs", *far, "-oMt", "joe", text=REMOTE.replace("\n", "\r\n"))
        exim("-bs", text=BOUNCE.replace("\n", "\r\n"))
        exim("-f", "fr@from.example", "z@one.example", text="Subject: frozen\n\nx\n")
        # by sender: the order of ids of one second is that of process numbers, which begin again at some time
        senders = {path.read_text("latin-1").split("\n")[2]: path.name[:-2] for path in place.rglob("input/*-H")}
        assert len(senders) == 4
        exim("-Mf", senders["<fr@from.example>"])
        exim("-Mmd", senders["<sender@client.example>"], "b@two.example")
        exim("-Mmd", senders["<s@from.example>"], "y@two.example")
        yield place


def comparable(text: bytes) -> list[str]:
    """Lines without ages, each with its addresses in order."""
    lines = []
    for line in text.decode("latin-1").splitlines():
        plain = re.sub(r"^ ?\d+[mhd] ", "", line)
        lines.append(" ".join(sorted(re.split(r"[ ;]", plain))))
    return sorted(lines)


def same(
    program: str,
    command: Callable[[Sequence[str]], int],
    words: list[str],
    capture: pytest.CaptureFixture[bytes],
) -> None:
    kept = dict(os.environ)
    debian = subprocess.run([f"/usr/sbin/{program}", *words], capture_output=True, check=False, timeout=30)
    try:
        status = command(words)
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        os.environ.update(kept)  # keep_environment has thrown it away
    sys.stdout.flush()
    ours = capture.readouterr().out
    assert comparable(ours) == comparable(debian.stdout)
    assert (status == 0) == (debian.returncode == 0)


@pytest.mark.parametrize("case", CASES)
def test_exipick(case: str, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    same("exipick", exipick.command, ["--spool", str(folder / "spool"), *shlex.split(case)], capfdbinary)


@pytest.mark.parametrize("case", EXIQGREP)
def test_exiqgrep(case: str, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    words = ["-C", str(folder / "conf"), "-E", "/usr/sbin/exim4", *shlex.split(case)]
    same("exiqgrep", exiqgrep.command, words, capfdbinary)


def test_a_saved_queue(folder: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    spool = ["--spool", str(folder / "spool")]
    assert exipick.command([*spool, "--freeze", str(tmp_path / "cache")]) == 0
    whole = capfdbinary.readouterr().out
    assert exipick.command(["--thaw", str(tmp_path / "cache")]) == 0
    assert comparable(capfdbinary.readouterr().out) == comparable(whole)
    assert exipick.command(["--thaw", str(tmp_path / "cache"), "-i", "$each_recipients =~ /@one/"]) == 0
    assert len(capfdbinary.readouterr().out.splitlines()) == 2
