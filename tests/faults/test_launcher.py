"""The set-uid launcher: an ordinary user hands in mail, is known by the real uid, and gets nothing more. Started by root
as a server, its parent process is the launcher's executable, where start scripts look for it."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
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


def wait_for(what: object, seconds: float = 60.0) -> bool:
    assert callable(what)
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(what())


def has_library() -> bool:
    """The interpreter can be loaded as a library (Debian's can; one built without it cannot)."""
    try:
        ctypes.CDLL(sysconfig.get_config_var("INSTSONAME"))
    except (OSError, TypeError):
        return False
    return True


def test_a_server_has_the_executable_of_the_launcher(folder: Path) -> None:
    configuration = folder / "server.conf"
    main = "daemon_smtp_ports = 0\nlocal_interfaces = 127.0.0.1\ntls_advertise_hosts =\n"
    configuration.write_text(main + CONFIGURATION.format(folder=folder))
    pid_file = folder / "server.pid"
    words = ["sendmail", "-C", str(configuration), "-bd", "-oP", str(pid_file)]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "/nonexistent", "EXIMIA_MARK": "kept"}
    done = subprocess.run(words, executable=folder / "sendmail", cwd="/", env=environment, timeout=60, check=False)
    assert done.returncode == 0
    assert wait_for(pid_file.exists)
    pid = int(pid_file.read_text())
    process = Path(f"/proc/{pid}")
    try:
        if has_library():
            assert os.path.samefile(process / "exe", folder / "sendmail")
            assert (process / "comm").read_text() == "sendmail\n"
            assert (process / "cmdline").read_bytes().split(b"\0")[:-1] == [os.fsencode(word) for word in words]
        children = [Path(f"/proc/{child}") for child in (process / f"task/{pid}/children").read_text().split()]
        assert children
        assert all(b"EXIMIA_PARENT" not in (child / "environ").read_bytes() for child in children)
        # as a start script does it
        command = ["start-stop-daemon", "--stop", "--pidfile", str(pid_file)]
        command += ["--exec", str(folder / "sendmail")] if has_library() else []
        assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
        assert wait_for(lambda: not process.exists()), "TERM stops it"
        assert not pid_file.exists()
    finally:
        if process.exists():
            os.kill(pid, signal.SIGKILL)
