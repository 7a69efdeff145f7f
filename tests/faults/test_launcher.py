"""The set-uid launcher: an ordinary user hands in mail, is known by the real uid, and gets nothing more."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "packaging" / "launcher" / "launcher.c"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a set-uid program")
CALLER = pwd.getpwnam("nobody")
MAIL = pwd.getpwnam("mail")
#: what the launcher starts: it finds the package in its source tree, and the site's file in the test's folder
PROGRAM = """#!{python} -I
import sys
sys.path[:0] = ["{source}"]
import eximia.config.site
eximia.config.site.PATH = "{folder}/site.toml"
from eximia.cli.main import main
assert sys.argv[1:4] == ["-I", "-m", "eximia.cli.launched"], sys.argv
sys.exit(main(sys.argv[4:]))
"""
CONFIGURATION = """
exim_user = mail
exim_group = mail
primary_hostname = launcher.example
qualify_domain = launcher.example
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
never_users =
acl_not_smtp = accept
begin routers
hold:
  driver = redirect
  data = :defer: held
  allow_defer
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="eximia-launcher-") as name:
        made = Path(name)
        made.chmod(0o755)
        for one in ("spool", "log"):
            (made / one).mkdir()
            os.chown(made / one, MAIL.pw_uid, MAIL.pw_gid)
        for one in ("exim.conf", "other.conf"):
            (made / one).write_text(CONFIGURATION.format(folder=made))
        (made / "site.toml").write_text(f'configuration = ["{made}/exim.conf"]\n')
        program = made / "python"
        program.write_text(PROGRAM.format(python=sys.executable, source=ROOT / "src", folder=made))
        program.chmod(0o755)
        launcher = made / "sendmail"
        subprocess.run(
            ["cc", "-O2", "-Wall", "-Wextra", "-Werror", f'-DPYTHON="{program}"', "-o", launcher, SOURCE],
            check=True,
        )
        os.chown(launcher, 0, 0)
        launcher.chmod(0o4755)
        yield made


def call(folder: Path, *words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(folder / "sendmail"), *words],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        env={"PATH": "/usr/bin", **environment},
        user=CALLER.pw_uid,
        group=CALLER.pw_gid,
        extra_groups=[],
        check=False,
    )


def spooled(folder: Path) -> list[Path]:
    return sorted((folder / "spool" / "input").glob("*-H")) if (folder / "spool" / "input").exists() else []


def test_a_user_hands_in_a_message(folder: Path) -> None:
    before = len(spooled(folder))
    result = call(folder, "-odq", "-t", given="To: a@launcher.example\n\nhello\n")
    assert (result.stderr, result.stdout, result.returncode) == ("", "", 0)
    assert len(spooled(folder)) == before + 1
    newest = spooled(folder)[-1]
    assert newest.stat().st_uid == MAIL.pw_uid
    lines = newest.read_text().splitlines()
    assert lines[1] == f"nobody {CALLER.pw_uid} {CALLER.pw_gid}"
    assert lines[2] == "<nobody@launcher.example>"


def test_another_configuration_takes_root_away(folder: Path) -> None:
    before = spooled(folder)
    result = call(folder, "-C", f"{folder}/other.conf", "-odq", "-t", given="To: a@launcher.example\n\nhello\n")
    assert result.returncode != 0
    assert spooled(folder) == before


def test_a_user_is_no_admin(folder: Path) -> None:
    call(folder, "-odq", "-t", given="To: a@launcher.example\n\nhello\n")
    before = spooled(folder)
    message = before[-1].name.removesuffix("-H")
    result = call(folder, "-Mf", message)
    assert result.returncode != 0
    assert "permission denied" in (result.stdout + result.stderr).lower()
    assert spooled(folder) == before


def test_the_environment_does_not_steer(folder: Path, tmp_path: Path) -> None:
    trap = tmp_path / "sitecustomize.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    tmp_path.chmod(0o755)
    site = tmp_path / "site.toml"
    site.write_text('user = "nobody"\n')
    result = call(
        folder,
        "-bP",
        "exim_user",
        PYTHONPATH=str(tmp_path),
        PYTHONSTARTUP=str(trap),
        EXIMIA_SITE=str(site),
    )
    assert not (tmp_path / "sprung").exists()
    assert result.stdout in ("exim_user = mail\n", ""), result.stdout
