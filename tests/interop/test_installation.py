"""The program in a place that the server's user cannot read: copied by the scripts, refused with a clear text by -bd."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to start a server that changes its user")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can read, as pytest's own cannot be."""
    made = Path(tempfile.mkdtemp(prefix="eximia-installation-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def closed(place: Path) -> Path:
    """A checkout below a folder of mode 0700."""
    folder = place / "closed"
    folder.mkdir(mode=0o700)
    top = folder / "eximia"
    shutil.copytree(TOP / "src", top / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(TOP / "scripts", top / "scripts")
    return top


def reachable(top: Path, copy: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "EXIMIA_COPY": str(copy)}
    command = ["sh", str(top / "scripts" / "reachable"), str(top)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_copied(closed: Path, place: Path) -> None:
    copy = place / "copy"
    assert reachable(closed, copy).stdout == f"{copy}\n"
    module = copy / "src" / "eximia" / "__init__.py"
    assert module.stat().st_mode & 0o444 == 0o444
    assert (closed / ".venv").resolve() == copy / ".venv"
    # a second time: what has changed is copied, what was installed stays
    (copy / ".venv").mkdir()
    (closed / "src" / "eximia" / "__init__.py").write_text("new = 1\n")
    assert reachable(closed, copy).stdout == f"{copy}\n"
    assert module.read_text() == "new = 1\n"
    assert (copy / ".venv").is_dir()


def test_open_checkout_is_used_as_it_is(closed: Path, place: Path) -> None:
    closed.parent.chmod(0o755)
    assert reachable(closed, place / "copy").stdout == f"{closed}\n"
    assert not (place / "copy").exists()


def test_nothing_foreign_is_overwritten(closed: Path, place: Path) -> None:
    copy = place / "copy"
    copy.mkdir()
    (copy / "precious").touch()
    done = reachable(closed, copy)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is something else" in done.stderr
    assert [each.name for each in copy.iterdir()] == ["precious"]


def test_server_says_who_cannot_read_it(closed: Path, place: Path) -> None:
    configuration = place / "conf"
    configuration.write_text(
        f"spool_directory = {place}/spool\nlog_file_path = {place}/%slog\nexim_user = mail\nexim_group = mail\n"
        "daemon_smtp_ports = 0\nlocal_interfaces = 127.0.0.1\nprimary_hostname = here.example\nkeep_environment =\n"
    )
    code = "import sys; from eximia.cli.main import main; sys.exit(main(['exim', *sys.argv[1:]]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "-C", str(configuration), "-bdf"],
        env={**os.environ, "PYTHONPATH": str(closed / "src")},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert f"the user mail cannot read {closed / 'src'}" in done.stderr


PROGRAMS = ("exim4", "exim_dumpdb", "exim_fixdb", "exim_tidydb", "exinext", "exiwhat", "exipick", "exiqgrep", "exigrep")


def take_over(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(TOP / "packaging" / "take-over"), "--root", str(root), *words]
    environment = {**os.environ, "EXIMIA_VENV": str(root / "opt")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_the_place_of_exim_taken_and_given_back(place: Path) -> None:
    root = place / "root"
    sbin = root / "usr" / "sbin"
    for folder in (sbin, root / "var/lib/dpkg/info", root / "var/lib/dpkg/updates", root / "opt/bin"):
        folder.mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    for name in (*PROGRAMS, "eximstats"):
        (sbin / name).write_text(f"Debian's {name}")
        (sbin / name).chmod(0o755)
    (sbin / "sendmail").symlink_to("exim4")
    assert "scripts/setup installs it" in take_over(root).stderr
    (root / "opt/bin/exim").write_text("")
    (root / "opt/bin/exim").chmod(0o755)
    for _ in range(2):  # the second time renews what is there
        done = take_over(root)
        assert (done.returncode, done.stderr) == (0, "")
        assert (sbin / "exim4").stat().st_mode & 0o7777 == 0o4755
        assert (sbin / "exim4").read_bytes()[:4] == b"\x7fELF"
        assert (sbin / "exim4.debian").read_text() == "Debian's exim4"
        assert os.readlink(sbin / "exiwhat") == f"{root}/opt/bin/exiwhat"
        assert 'spool_directory = "/var/spool/exim4"' in (root / "etc/eximia/site.toml").read_text()
    done = take_over(root, "--undo")
    assert (done.returncode, done.stderr) == (0, "")
    assert {each.name for each in sbin.iterdir()} == {*PROGRAMS, "eximstats", "sendmail"}
    assert (sbin / "exim4").read_text() == "Debian's exim4"
    assert (sbin / "sendmail").read_text() == "Debian's exim4"
